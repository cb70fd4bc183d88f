//! What is said about a command line that is wrong, in podman's words; help and version.

use crate::program::{Home, show};
use std::path::Path;

#[test]
fn wrong_command_lines() {
    let cases: &[(&[&str], &str)] = &[
        (&["run", "--foo"], "! Error: unknown flag: --foo\n! See 'coracle run --help'\n= 125\n"),
        (&["run", "--foo=1", "x"], "! Error: unknown flag: --foo\n! See 'coracle run --help'\n= 125\n"),
        (&["run", "-x", "a"], "! Error: unknown shorthand flag: 'x' in -x\n! See 'coracle run --help'\n= 125\n"),
        (&["run", "-ixt", "a"], "! Error: unknown shorthand flag: 'x' in -xt\n! See 'coracle run --help'\n= 125\n"),
        (&["run", "--name"], "! Error: flag needs an argument: --name\n! See 'coracle run --help'\n= 125\n"),
        (&["run", "-e"], "! Error: flag needs an argument: 'e' in -e\n! See 'coracle run --help'\n= 125\n"),
        (
            &["run", "--rm=x", "a"],
            "! Error: invalid argument \"x\" for \"--rm\" flag: strconv.ParseBool: parsing \"x\": invalid syntax\n\
             ! See 'coracle run --help'\n= 125\n",
        ),
        (
            &["stop", "-t", "x", "y"],
            "! Error: invalid argument \"x\" for \"-t, --time\" flag: strconv.ParseInt: parsing \"x\": invalid syntax\n\
             ! See 'coracle stop --help'\n= 125\n",
        ),
        (
            &["container", "ls", "--sort", "foo"],
            "! Error: invalid argument \"foo\" for \"--sort\" flag: \"foo\" is not a valid value.  Choose from: \"command, \
             created, id, image, names, runningfor, size, status\"\n! See 'coracle container list --help'\n= 125\n",
        ),
        (
            &["imagse", "rm", "x"],
            "! Error: unrecognized command `coracle imagse`\n! \n! Did you mean this?\n! \timages\n! \timage\n! \n\
             ! Try 'coracle --help' for more information\n= 125\n",
        ),
        (
            &["--log-level=telepathic", "info"],
            "! Log Level \"telepathic\" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, \
             panic\n= 1\n",
        ),
        (&["rm", "--latest", "x"], "! Error: --latest and containers cannot be used together\n= 125\n"),
        (&["rm", "--latest", "--all"], "! Error: --all and --latest cannot be used together\n= 125\n"),
        (&["--foo"], "! Error: unknown flag: --foo\n! See 'coracle --help'\n= 125\n"),
        (&["--root"], "! Error: flag needs an argument: --root\n! See 'coracle --help'\n= 125\n"),
        (
            &["imagse"],
            "! Error: unrecognized command `coracle imagse`\n! \n! Did you mean this?\n! \timages\n! \timage\n! \n\
             ! Try 'coracle --help' for more information\n= 125\n",
        ),
        (
            &["zzzzz"],
            "! Error: unrecognized command `coracle zzzzz`\n! Try 'coracle --help' for more information\n= 125\n",
        ),
        (
            &["image", "foo"],
            "! Error: unrecognized command `coracle image foo`\n! Try 'coracle image --help' for more information\n= 125\n",
        ),
        (
            &["help", "foo"],
            "! Error: unrecognized command `coracle foo`\n! Try 'coracle --help' for more information\n= 125\n",
        ),
        (&["run"], "! Error: requires at least 1 arg(s), only received 0\n= 125\n"),
        (&["tag", "a"], "! Error: requires at least 2 arg(s), only received 1\n= 125\n"),
        (&["image", "exists"], "! Error: accepts 1 arg(s), received 0\n= 125\n"),
        (&["images", "a", "b"], "! Error: accepts at most 1 arg(s), received 2\n= 125\n"),
        (&["ps", "a"], "! Error: `coracle ps` takes no arguments\n= 125\n"),
        (&["container", "list", "a"], "! Error: `coracle container list` takes no arguments\n= 125\n"),
        (&["--url=x", "ps"], "! Error: cannot use --url: coracle has no remote mode\n= 125\n"),
        (
            &["run", "--link", "db", "a"],
            "! Error: cannot use --link: containers on one network find each other by name\n= 125\n",
        ),
        (
            &["run", "-d", "--restart", "bogus", "a"],
            "! Error: \"bogus\" is not a valid restart policy: invalid argument\n= 125\n",
        ),
        (
            &["run", "--health-retries", "0", "--health-cmd", "true", "a"],
            "! Error: healthcheck-retries must be greater than 0\n= 125\n",
        ),
        (
            &["run", "-m", "5m", "--cpus=2", "--restart=no", "--name", "--rm", "a"],
            "! Error: running container create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument\n= 125\n",
        ),
        (
            &["run", "--memory", "nonsense", "a"],
            "! Error: invalid argument \"nonsense\" for \"-m, --memory\" flag: invalid size: 'nonsense'\n\
             ! See 'coracle run --help'\n= 125\n",
        ),
        (
            &["run", "-d", "-a", "stdin", "a"],
            "! Error: conflicting options: cannot specify both --attach and --detach\n= 125\n",
        ),
        (
            &["run", "--name", "a\nError: b\u{1b}[2J", "--pull=\u{7}", "x"],
            "! Error: unsupported pull policy \"\\u{7}\"\n= 125\n",
        ),
    ];
    let home = Home::new();
    for (words, expected) in cases {
        assert_eq!(home.run(words), *expected, "coracle {}", words.join(" "));
    }
    assert_eq!(
        std::fs::read_dir(home.path()).expect("it is there").count(),
        0,
        "a wrong command line leaves something"
    );
}

#[test]
fn a_noun_alone_shows_its_help() {
    let home = Home::new();
    let help = home.run(&["image", "--help"]);
    let expected = help.replace("= 0\n", "! Error: missing command 'coracle image COMMAND'\n= 125\n");
    assert_eq!(home.run(&["image"]), expected);
    assert!(help.starts_with("Manage images\n\nUsage:\n  coracle image [command]\n\nAvailable Commands:\n"), "{help}");
}

#[test]
fn help_is_the_same_by_all_ways() {
    let home = Home::new();
    let help = home.run(&["run", "--help"]);
    assert!(help.contains("\nUsage:\n  coracle run [options] IMAGE [COMMAND [ARG...]]\n"), "{help}");
    assert!(help.ends_with("= 0\n"), "{help}");
    assert_eq!(home.run(&["help", "run"]), help);
    assert_eq!(home.run(&["run", "--help", "--rm", "image"]), help);
    assert_eq!(home.run(&["run", "-t", "--help=true"]), help);
    let root = home.run(&["--help"]);
    assert_eq!(home.run(&[]), root.replace("= 0\n", "! Error: missing command 'coracle COMMAND'\n= 125\n"));
    assert_eq!(home.run(&["help"]), root);
    assert_eq!(home.run(&["-h"]), root);
    assert!(root.starts_with("Manage pods, containers and images\n"), "{root}");
}

#[test]
fn the_version() {
    let home = Home::new();
    let expected = format!("coracle version {}\n= 0\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(home.run(&["--version"]), expected);
    assert_eq!(home.run(&["-v"]), expected);
}

#[test]
fn it_answers_to_the_names_it_stands_in_for() {
    let home = Home::new();
    for name in ["docker", "podman"] {
        let link = home.path().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_coracle"), &link).expect("a link can be made");
        let output = home.command(&link, &["run", "--foo"]).output().expect("it can be started");
        assert_eq!(show(&output), format!("! Error: unknown flag: --foo\n! See '{name} run --help'\n= 125\n"));
        let output = home.command(Path::new(&link), &["-v"]).output().expect("it can be started");
        assert_eq!(show(&output), format!("{name} version {}\n= 0\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let program = Path::new(env!("CARGO_BIN_EXE_coracle"));
    let output = home.command(program, &["run", "--help"]).stdout(writer).output().expect("coracle can be started");
    assert_eq!(show(&output), "= 0\n");
}

#[test]
fn an_argument_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let program = Path::new(env!("CARGO_BIN_EXE_coracle"));
    let mut command = home.command(program, &["run"]);
    let output = command.arg(std::ffi::OsStr::from_bytes(b"a\xff")).output().expect("coracle can be started");
    assert_eq!(show(&output), "! Error: argument \"a\\xFF\" is not valid UTF-8\n= 125\n");
}
