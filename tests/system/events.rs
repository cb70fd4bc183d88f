//! `events`: what is told of a container's life, of images, volumes and networks, and how it is shown.

use crate::busybox;
use crate::support::Sandbox;

/// `TYPE STATUS NAME` of all events so far.
fn told(sandbox: &Sandbox, filters: &[&str]) -> Vec<String> {
    let mut arguments = vec!["events", "--stream=false", "--format", "{{.Type}} {{.Status}} {{.Name}}{{.Network}}"];
    for filter in filters {
        arguments.extend(["--filter", filter]);
    }
    sandbox.run(arguments).succeeds().lines()
}

#[test]
fn the_life_of_a_container_is_told() {
    let sandbox = busybox!();
    sandbox.words("create --name one busybox true").succeeds();
    sandbox.words("rm one").succeeds();
    sandbox.run(["run", "--rm", "--name", "two", "--label", "a=b c", "busybox", "sh", "-c", "exit 17"]).exits(17);
    let life = ["create", "init", "start", "attach", "died", "remove"];
    assert_eq!(told(&sandbox, &["container=two"]), life.map(|status| format!("container {status} two")));
    let died = ["events", "--stream=false", "-f", "container=two", "-f", "event=die", "--format"];
    let form = "{{.ContainerExitCode}} {{.Attributes.a}}";
    sandbox.run([&died[..], &[form]].concat()).succeeds().prints("17 b c");
    // One that never ran: podman tells neither of init nor of start.
    assert_eq!(told(&sandbox, &["container=one"]), ["container create one", "container remove one"]);
    sandbox.words("run -d --name three -v kept:/v -v /anonymous busybox sleep 1000").succeeds();
    sandbox.words("exec three true").succeeds();
    sandbox.words("exec three false").exits(1);
    sandbox.words("rename three four").succeeds();
    sandbox.words("kill -s USR1 four").succeeds();
    sandbox.words("stop -t 0 four").succeeds();
    sandbox.words("rm -v four").succeeds();
    let expected = [
        "create three",
        "init three",
        "start three",
        "exec three",
        "exec_died three",
        "exec three",
        "exec_died three",
        "rename four",
        "kill four",
        "died four",
        "cleanup four",
        "stop four",
        "remove four",
    ];
    let seen = told(&sandbox, &["container=three", "container=four"]);
    assert_eq!(seen, expected.map(|event| format!("container {event}")));
    let volumes = told(&sandbox, &["type=volume"]);
    assert!(volumes.contains(&"volume create kept".to_owned()), "{volumes:?}");
    let removed: Vec<&String> = volumes.iter().filter(|event| event.starts_with("volume remove ")).collect();
    assert_eq!((volumes.len(), removed.len()), (3, 1), "{volumes:?}");
}

#[test]
fn images_volumes_and_networks_are_told_of() {
    let sandbox = busybox!();
    let before = told(&sandbox, &[]).len();
    sandbox.words("tag busybox other").succeeds();
    sandbox.words("rmi other").succeeds();
    sandbox.words("volume create v").succeeds();
    sandbox.words("volume prune -f").succeeds();
    sandbox.words("network create --label x=y n").succeeds();
    sandbox.words("network rm n").succeeds();
    let seen = told(&sandbox, &[]).split_off(before);
    let expected = [
        "image tag other",
        "image untag localhost/other:latest",
        "image remove localhost/other:latest",
        "volume create v",
        "volume remove v",
        "volume prune v",
        "network create n",
        "network remove n",
    ];
    assert_eq!(seen, expected);
    assert!(told(&sandbox, &["type=image", "event=pull"])[0].ends_with("/busybox:latest"));
    let line = sandbox.words("events --stream=false -f type=network -f event=create").succeeds().text();
    assert!(line.ends_with(" (name=n, type=bridge)"), "{line}");
}

#[test]
fn events_are_streamed_until_a_time() {
    let sandbox = busybox!();
    // It ends by itself should nothing come.
    let mut streaming = sandbox.start(["events", "--since", "1h", "--until", "100s", "-f", "container=s"]);
    sandbox.words("run --rm --name s busybox true").succeeds();
    streaming.wait_for_output(" container remove ");
    drop(streaming);
    let id = sandbox.words("events --stream=false --format {{.ID}} -f container=s -f event=remove").succeeds().text();
    let past = sandbox.run(["events", "--since", "1h", "--until", "0s", "-f", "container=s", "-f", "event=remove"]);
    past.succeeds().mentions(&format!("container remove {id} (image=localhost/busybox:latest, name=s"));
    let short = sandbox.words("events --stream=false --no-trunc=false -f event=remove").succeeds();
    short.mentions(&format!("container remove {} (", &id[..12]));
    sandbox.words("events --stream=false --since 2099-01-01").succeeds().prints("");
}

#[test]
fn bad_filters_and_times_are_refused_in_podmans_words() {
    let sandbox = Sandbox::new();
    let cases = [
        ("-f foo", "Error: failed to parse event filters: foo is an invalid filter"),
        ("-f foo=bar", "Error: failed to parse event filters: foo is an invalid filter"),
        (
            "--since bar",
            "Error: failed to parse event filters: unable to convert since time of bar: unable to interpret time value",
        ),
        (
            "--until bar",
            "Error: failed to parse event filters: unable to convert until time of bar: unable to interpret time value",
        ),
    ];
    for (options, expected) in cases {
        let outcome = sandbox.words(&format!("events --stream=false {options}"));
        assert_eq!((outcome.code(), outcome.errors().trim_end()), (125, expected));
    }
    sandbox.words("events --stream=false").succeeds().prints("");
}
