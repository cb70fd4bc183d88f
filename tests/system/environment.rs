//! Environment, working directory, entry point, host names and resolver files.

use crate::support::{Image, Layer, Sandbox, skip};
use crate::{busybox, shell};
use serde_json::json;

#[test]
fn variables_come_from_the_image_the_options_and_the_host() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "echo $PATH").prints("/usr/sbin:/usr/bin:/sbin:/bin");
    shell(&sandbox, &["-e", "A=1", "--env", "B=two words", "-e", "A=3"], "echo \"$A,$B\"").prints("3,two words");
    shell(&sandbox, &["-e", "EMPTY="], "echo ${EMPTY-unset}.").prints(".");
    let arguments =
        ["run", "--rm", "-e", "FROM_HOST", "-e", "NOT_SET", "busybox", "sh", "-c", "echo $FROM_HOST ${NOT_SET-unset}"];
    sandbox.command(arguments).env("FROM_HOST", "yes").run().prints("yes unset");
    let arguments = ["run", "--rm", "-e", "PRE_*", "busybox", "sh", "-c", "echo $PRE_A $PRE_B"];
    sandbox.command(arguments).env("PRE_A", "a").env("PRE_B", "b").run().prints("a b");
}

#[test]
fn nothing_of_the_callers_environment_gets_in_unasked() {
    let sandbox = busybox!();
    let outcome = sandbox.command(["run", "--rm", "busybox", "env"]).env("SECRET_OF_HOST", "hidden").run().succeeds();
    outcome
        .omits("SECRET_OF_HOST")
        .omits("XDG_RUNTIME_DIR")
        .omits("CORACLE")
        .mentions("HOME=/root")
        .mentions("container=");
    let arguments = ["run", "--rm", "--env-host", "busybox", "sh", "-c", "echo $SECRET_OF_HOST"];
    sandbox.command(arguments).env("SECRET_OF_HOST", "shown").run().prints("shown");
}

#[test]
fn proxy_variables_are_passed_unless_refused() {
    let sandbox = busybox!();
    let ask = |options: &[&str]| {
        let arguments = [&["run", "--rm"], options, &["busybox", "sh", "-c", "echo .$http_proxy$NO_PROXY"]].concat();
        sandbox.command(arguments).env("http_proxy", "http://192.0.2.1:1").env("NO_PROXY", "here").run().succeeds()
    };
    ask(&[]).prints(".http://192.0.2.1:1here");
    ask(&["--http-proxy=false"]).prints(".");
}

#[test]
fn env_files_are_read_as_they_are() {
    let sandbox = busybox!();
    let file = sandbox.file("vars", "# comment\nONE=1\nQUOTED=\"kept\"\nSPACED=a b \n\nIMPORTED\n");
    let script = "echo \"$ONE|$QUOTED|$IMPORTED\"";
    let arguments = ["run", "--rm", "--env-file", &file, "busybox", "sh", "-c", script];
    sandbox.command(arguments).env("IMPORTED", "host").run().prints("1|\"kept\"|host");
    shell(&sandbox, &["--env-file", &file, "-e", "ONE=2"], "echo $ONE").prints("2");
    shell(&sandbox, &["--env-file", "/no/such/file"], "true").refuses(125, "/no/such/file");
}

#[test]
fn variables_of_the_image_can_be_taken_away() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let sandbox = Sandbox::new();
    sandbox.add("busybox", &image.with("Env", json!(["PATH=/bin", "KEEP=1", "DROP=2"])));
    shell(&sandbox, &["--unsetenv", "DROP"], "echo $KEEP${DROP-unset}").prints("1unset");
    shell(&sandbox, &["--unsetenv-all"], "echo ${KEEP-unset}${DROP-unset}").prints("unsetunset");
    shell(&sandbox, &["--env-merge", "KEEP=${KEEP}23"], "echo $KEEP").prints("123");
}

#[test]
fn the_working_directory_is_the_images_or_the_option() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let sandbox = Sandbox::new();
    sandbox.add("busybox", &image.clone());
    sandbox.add("placed", &image.with("WorkingDir", json!("/made/for/it")));
    shell(&sandbox, &[], "pwd").prints("/");
    shell(&sandbox, &["-w", "/tmp"], "pwd").prints("/tmp");
    sandbox.words("run --rm placed pwd").succeeds().prints("/made/for/it");
    sandbox.words("run --rm -w /etc/ placed pwd").succeeds().prints("/etc");
    let outcome = sandbox.words("run --rm -w /no/such/place busybox pwd");
    assert!(matches!(outcome.code(), 125..=127), "{outcome:?}");
    outcome.complains("/no/such/place");
}

#[test]
fn entry_point_and_command_combine() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let sandbox = Sandbox::new();
    let image = image.with("Entrypoint", json!(["echo", "entry"])).with("Cmd", json!(["command"]));
    sandbox.add("both", &image);
    sandbox.words("run --rm both").prints("entry command");
    sandbox.words("run --rm both other words").prints("entry other words");
    // An entry point of one's own drops the image's command.
    sandbox.words("run --rm --entrypoint pwd both").prints("/");
    sandbox.run(["run", "--rm", "--entrypoint", "[\"echo\", \"x y\"]", "both", "z"]).prints("x y z");
    sandbox.run(["run", "--rm", "--entrypoint", "", "both", "echo", "bare"]).prints("bare");
    let outcome = sandbox.run(["run", "--rm", "--entrypoint", "", "both"]);
    assert_ne!(outcome.code(), 0, "{outcome:?}");
}

#[test]
fn an_image_without_any_command_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.add("bare", &Image::new(vec![Layer::new().directory("etc", 0o755)]));
    sandbox.words("run --rm bare").refuses(125, "no command");
    sandbox.assert_nothing_left();
}

#[test]
fn the_host_name_is_the_id_or_the_option() {
    let sandbox = busybox!();
    let cidfile = sandbox.work().join("cid").display().to_string();
    let script = "hostname; cat /etc/hostname";
    let name = sandbox.run(["run", "--cidfile", &cidfile, "busybox", "sh", "-c", script]).succeeds().lines();
    let id = std::fs::read_to_string(&cidfile).unwrap();
    assert_eq!(name, [&id[..12], &id[..12]]);
    sandbox.run(["rm", &id]).succeeds();
    shell(
        &sandbox,
        &["--hostname", "boat.example"],
        "hostname; cat /etc/hostname; grep -q boat.example /etc/hosts && echo 1; echo $HOSTNAME",
    )
    .prints("boat.example\nboat.example\n1\nboat.example");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    shell(&sandbox, &["--uts", "host"], "hostname").prints(host.trim());
    shell(&sandbox, &["--uts", "host", "--hostname", "x"], "true").exits(125);
    shell(&sandbox, &["--hostname", "two\nlines"], "true").exits(125);
}

#[test]
fn names_are_added_to_hosts() {
    let sandbox = busybox!();
    let hosts = shell(&sandbox, &["--add-host", "one:192.0.2.1", "--add-host=six:2001:db8::6"], "cat /etc/hosts")
        .succeeds()
        .text();
    let has = |address: &str, name: &str| {
        hosts.lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next() == Some(address) && words.any(|word| word == name)
        })
    };
    assert!(has("192.0.2.1", "one") && has("2001:db8::6", "six") && has("127.0.0.1", "localhost"), "{hosts}");
    shell(&sandbox, &["--add-host", "nonsense"], "true").exits(125);
    shell(&sandbox, &["--add-host", "one:not-an-address"], "true").exits(125);
    shell(&sandbox, &["--no-hosts"], "cat /etc/hosts 2>/dev/null | grep -c localhost").exits(1);
    shell(&sandbox, &["--no-hosts", "--add-host", "one:192.0.2.1"], "true").exits(125);
    shell(&sandbox, &["--no-hosts", "--hosts-file", "none"], "true").exits(125);
    shell(&sandbox, &["--hosts-file", "/not/there"], "true").refuses(125, "no such file or directory");
}

#[test]
fn resolver_settings_are_written() {
    let sandbox = busybox!();
    let options = ["--dns", "192.0.2.53", "--dns-search", "example.org", "--dns-option", "ndots:3"];
    let text = shell(&sandbox, &options, "cat /etc/resolv.conf").succeeds().text();
    for line in ["nameserver 192.0.2.53", "search example.org", "options ndots:3"] {
        assert!(text.lines().any(|found| found.trim() == line), "{line} not in: {text}");
    }
    shell(&sandbox, &["--dns", "not-an-address"], "true").exits(125);
    // With the host's network and no option the host's own servers are used.
    let host = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    if let Some(server) = host.lines().find(|line| line.starts_with("nameserver")) {
        shell(&sandbox, &["--network", "host"], "cat /etc/resolv.conf").succeeds().mentions(server.trim());
    }
}

#[test]
fn the_time_zone_can_be_chosen() {
    let sandbox = busybox!();
    let zone = "/usr/share/zoneinfo/Asia/Kathmandu";
    let Ok(bytes) = std::fs::read(zone) else { skip!("needs {zone} (Debian package tzdata)") };
    let sum = crate::support::image::digest(&bytes);
    let outcome = shell(&sandbox, &["--tz", "Asia/Kathmandu"], "sha256sum </etc/localtime").succeeds();
    assert_eq!(format!("sha256:{}", outcome.text().split(' ').next().unwrap()), sum);
    shell(&sandbox, &["--tz", "No/Where"], "true").exits(125);
}

#[test]
fn umask_is_022_or_the_option() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "umask").prints("0022");
    shell(&sandbox, &["--umask", "0077"], "umask; touch /tmp/f; stat -c %a /tmp/f").prints("0077\n600");
    shell(&sandbox, &["--umask", "9"], "true").exits(125);
    shell(&sandbox, &["--umask", "rwx"], "true").exits(125);
}
