//! Command lines and the requests they become, as tables.

use super::*;
use crate::engine::request::{MountKind, NamespaceMode, PullPolicy, UlimitRequest, UserNamespaceMode};
use clap::FromArgMatches;

/// The request of `coracle create WORDS`, with a fixed environment and two files.
fn request(words: &[&str]) -> Result<ContainerRequest, String> {
    let words = ["create"].iter().chain(words);
    let matches = crate::cli::tree::parser().try_get_matches_from(words).map_err(|error| error.to_string())?;
    let matches = matches.subcommand_matches("create").expect("the word is there");
    let options = CreateOptions::from_arg_matches(matches).map_err(|error| error.to_string())?;
    let arguments = matches.get_many::<String>("arguments").into_iter().flatten().cloned().collect();
    let environment = [("HOME", "/home/me"), ("LC_ALL", "C"), ("LC_TIME", "lv")];
    let read = |path: &Path| match path.to_str() {
        Some("env") => Ok("\u{feff}# comment\n\n  A=1\nHOME\nB='x y'\nNONE\nLC_*\n".to_owned()),
        Some("labels") => Ok("a=file\n#no\nb\n".to_owned()),
        _ => Err(std::io::Error::from_raw_os_error(2)),
    };
    let surroundings = Surroundings {
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        read: &read,
        as_docker: false,
        defaults: Default::default(),
    };
    options.into_request(arguments, &surroundings).map_err(|error| error.to_string())
}

/// The request, which must be right.
fn good(words: &[&str]) -> ContainerRequest {
    request(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_least_request_has_the_defaults() {
    assert_eq!(good(&["image"]), ContainerRequest::new(RootSource::Image("image".to_owned())));
}

#[test]
fn options_stop_at_the_image() {
    let made = good(&["-it", "--rm", "image", "sh", "-c", "--rm=no", "--", "-x"]);
    assert_eq!(made.command, strings(&["sh", "-c", "--rm=no", "--", "-x"]));
    assert!(made.interactive && made.tty && made.remove);
    assert_eq!(good(&["--", "-image", "-x"]).root, RootSource::Image("-image".to_owned()));
}

#[test]
fn booleans_and_repeated_options_are_pflags() {
    let made = good(&["--rm=false", "--init=1", "-i=true", "-t", "--tty=false", "--passwd=false", "image"]);
    assert!(!made.remove && made.init && made.interactive && !made.tty && !made.passwd);
    assert_eq!(good(&["--user", "a", "--user=b", "-uc", "image"]).user.as_deref(), Some("c"));
    assert_eq!(good(&["--workdir", "--rm", "image"]).workdir.as_deref(), Some("--rm"));
    assert_eq!(good(&["image"]).tls_verify, None);
    assert_eq!(good(&["--tls-verify", "image"]).tls_verify, Some(true));
    assert_eq!(good(&["--tls-verify=false", "image"]).tls_verify, Some(false));
}

#[test]
fn the_root_is_an_image_or_a_directory() {
    let directory = |path: &str, overlay| RootSource::Directory { path: path.into(), overlay };
    assert_eq!(good(&["--rootfs", "/r"]).root, directory("/r", false));
    assert_eq!(good(&["--rootfs", "/r:O", "sh"]).root, directory("/r", true));
    assert_eq!(good(&["--pull", "newer", "a"]).pull, PullPolicy::Newer);
    assert_eq!(good(&["--arch", "arm64", "--variant=v8", "a"]).platform.as_deref(), Some("linux/arm64/v8"));
    assert_eq!(good(&["--platform", "linux/s390x", "a"]).platform.as_deref(), Some("linux/s390x"));
}

#[test]
fn the_environment_is_files_then_options() {
    let made = good(&["-e", "A=2", "--env-file", "env", "-e", "LC_T*", "-e", "ABSENT", "-eE=", "-e=F=g=h", "a"]);
    let expected = ["A=1", "HOME=/home/me", "B='x y'", "LC_ALL=C", "LC_TIME=lv", "A=2", "LC_TIME=lv", "E=", "F=g=h"];
    assert_eq!(made.env, strings(&expected));
    let made = good(&[
        "--http-proxy=false",
        "--env-host",
        "--unsetenv",
        "A",
        "--unsetenv-all",
        "--env-merge",
        "P=${P}:x",
        "a",
    ]);
    assert!(!made.http_proxy && made.env_host && made.unset_env_all);
    assert_eq!((made.unset_env, made.env_merge), (strings(&["A"]), strings(&["P=${P}:x"])));
}

#[test]
fn labels_are_files_then_options() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let made = good(&["-l", "a=1", "--label-file", "labels", "--annotation", "x=y,z", "a"]);
    assert_eq!(made.labels, [pair("a", "file"), pair("b", ""), pair("a", "1")]);
    assert_eq!(made.annotations, [pair("x", "y,z")]);
}

#[test]
fn the_process_is_as_asked() {
    assert_eq!(good(&["--entrypoint", "", "a"]).entrypoint, Some(vec![]));
    assert_eq!(good(&["--entrypoint", "sh", "a"]).entrypoint, Some(strings(&["sh"])));
    assert_eq!(good(&["--entrypoint", r#"["sh", "-c"]"#, "a"]).entrypoint, Some(strings(&["sh", "-c"])));
    assert_eq!(good(&["--entrypoint", "[x", "a"]).entrypoint, Some(strings(&["[x"])));
    let made =
        good(&["--ulimit", "nofile=10:20,core=-1", "--ulimit", "host", "--shm-size", "1.5g", "--umask", "077", "a"]);
    let limit = |name: &str, soft, hard| UlimitRequest { name: name.to_owned(), soft, hard };
    let expected = [limit("nofile", 10, 20), limit("core", u64::MAX, u64::MAX), limit("host", u64::MAX, u64::MAX)];
    assert_eq!(made.ulimits, expected);
    assert_eq!((made.shm_size_bytes, made.umask.as_deref()), (Some(3 << 29), Some("077")));
    let made =
        good(&["-a", "stdin", "-a=STDOUT", "--cap-add", "a,b", "--sysctl", "n.x=1", "--oom-score-adj", "-5", "a"]);
    assert_eq!((made.attach, made.cap_add), (strings(&["stdin", "stdout"]), strings(&["a", "b"])));
    assert_eq!(made.sysctl, [("n.x".to_owned(), "1".to_owned())]);
    assert_eq!(made.oom_score_adj, Some(-5));
}

#[test]
fn mounts_are_gathered() {
    let made =
        good(&["--tmpfs", "/t:size=1m", "-v", "db:/db:ro", "--mount", "type=bind,src=/a,dst=/b", "--read-only", "a"]);
    let shown: Vec<_> = made.mounts.iter().map(|mount| (mount.kind, mount.destination.as_str())).collect();
    assert_eq!(shown, [(MountKind::Bind, "/b"), (MountKind::Volume, "/db"), (MountKind::Tmpfs, "/t")]);
    assert!(made.read_only && made.read_only_tmpfs);
}

#[test]
fn namespaces_and_ids() {
    let cases: [(&[&str], UserNamespaceMode); 7] = [
        (&["--userns", ""], UserNamespaceMode::Host),
        (&["--userns=host"], UserNamespaceMode::Host),
        (&["--userns=keep-id"], UserNamespaceMode::KeepId { uid: None, gid: None, size: None }),
        (&["--userns=keep-id:uid=1,gid=2"], UserNamespaceMode::KeepId { uid: Some(1), gid: Some(2), size: None }),
        (&["--userns=nomap"], UserNamespaceMode::NoMap),
        (
            &["--userns=auto:size=9,uidmapping=0:1:2"],
            UserNamespaceMode::Auto { size: Some(9), uid_mapping: strings(&["0:1:2"]), gid_mapping: vec![] },
        ),
        (&["--userns", "container:web"], UserNamespaceMode::Container("web".to_owned())),
    ];
    for (words, expected) in cases {
        let words: Vec<&str> = words.iter().copied().chain(["image"]).collect();
        assert_eq!(good(&words).userns, expected, "{words:?}");
    }
    let made =
        good(&["--pid=host", "--ipc", "none", "--uts=ns:/x", "--cgroupns", "container:c", "--uidmap", "+0:1:2", "a"]);
    assert_eq!((made.pid, made.ipc), (NamespaceMode::Host, NamespaceMode::None));
    assert_eq!((made.uts, made.cgroup), (NamespaceMode::Path("/x".into()), NamespaceMode::Container("c".to_owned())));
    assert_eq!(made.uid_map, ["+0:1:2"]);
}

#[test]
fn network_options_are_kept_as_typed() {
    let made = good(&[
        "--net",
        "none",
        "-h",
        "box",
        "--add-host",
        "a:1.2.3.4",
        "--add-host=b:[::1]",
        "--dns",
        "1.1.1.1",
        "--dns-opt",
        "ndots:2",
        "--expose",
        "80-81/udp",
        "a",
    ]);
    assert_eq!((made.network, made.hostname.as_deref()), (strings(&["none"]), Some("box")));
    assert_eq!((made.add_host, made.dns), (strings(&["a:1.2.3.4", "b:[::1]"]), strings(&["1.1.1.1"])));
    assert_eq!((made.dns_option, made.expose), (strings(&["ndots:2"]), strings(&["80-81/udp"])));
}

#[test]
fn bad_values_are_refused_in_podmans_words() {
    let cases: [(&[&str], &str); 41] = [
        (&["--no-hosts", "--add-host", "a:1.1.1.1"], "--no-hosts and --add-host cannot be set together"),
        (&["--add-host", "a"], r#"bad format for add-host: "a""#),
        (&["--add-host", "a:1"], r#"invalid IP address in add-host: "1""#),
        (
            &["--name", "a b"],
            "running container create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument",
        ),
        (&["--replace"], "cannot replace container without --name being set"),
        (&["--platform=a/b", "--os=x"], "--platform option can not be specified with --arch or --os"),
        (&["--userns", "foo"], "unrecognized namespace mode foo passed"),
        (&["--userns", "host:x"], "unrecognized namespace mode host:x passed"),
        (&["--userns", "auto:foo=1"], r#"unknown option specified: "foo""#),
        (&["--userns", "auto:size=x"], r#"unknown option specified: "x""#),
        (
            &["--userns=host", "--uidmap", "0:0:1"],
            "--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive",
        ),
        (&["--pid", "shareable"], "unrecognized namespace mode shareable passed"),
        (&["--ipc", "container:"], "unrecognized namespace mode container: passed"),
        (
            &["--ulimit", "x"],
            r#"ulimit option "x" requires name=SOFT:HARD, failed to be parsed: invalid ulimit argument: x"#,
        ),
        (
            &["--ulimit", "nofile=x"],
            "ulimit option \"nofile=x\" requires name=SOFT:HARD, failed to be parsed: strconv.ParseInt: parsing \"x\": \
             invalid syntax",
        ),
        (
            &["--ulimit", "nofile=5:3"],
            "ulimit option \"nofile=5:3\" requires name=SOFT:HARD, failed to be parsed: ulimit soft limit must be less than \
             or equal to hard limit: 5 > 3",
        ),
        (
            &["--ulimit", "foo=3"],
            r#"ulimit option "foo=3" requires name=SOFT:HARD, failed to be parsed: invalid ulimit type: foo"#,
        ),
        (&["--sysctl", "foo"], "foo is invalid, sysctl values must be in the form of KEY=VALUE"),
        (&["-e", "=x"], r#"invalid environment variable: "=x""#),
        (&["-e", ""], r#"invalid environment variable: """#),
        (&["--env-merge", "x"], r#"invalid environment variable: "x""#),
        (&["--env-file", "/nonesuch"], "parsing file \"/nonesuch\": open /nonesuch: no such file or directory"),
        (&["--label-file", "/nonesuch"], "unable to process labels: open /nonesuch: no such file or directory"),
        (&["--label", "="], r#"unable to process labels: invalid label format: "=""#),
        (&["--annotation", "foo"], "annotations must be formatted KEY=VALUE"),
        (&["--umask", "9"], "running container create option: invalid umask string 9: invalid argument"),
        (&["--umask", "7777"], "running container create option: invalid umask string 7777: invalid argument"),
        (&["--shm-size", "y"], "unable to translate --shm-size: invalid size: 'y'"),
        (&["--image-volume", "foo"], r#"invalid image volume mode "foo" required value: bind, tmpfs, ignore"#),
        (&["--log-driver", "foo"], "running container create option: invalid log driver: invalid argument"),
        (&["--log-opt", "x"], r#"invalid log option "x""#),
        (&["--dns", "foo"], "foo is not an ip address"),
        (
            &["--expose", "foo"],
            r#"invalid range format for --expose: foo: strconv.ParseUint: parsing "foo": invalid syntax"#,
        ),
        (&["-p", "x"], r#"parsing container port: invalid port number: strconv.Atoi: parsing "x": invalid syntax"#),
        (&["-p", "1:2:3:4"], "invalid port format - format is [[hostIP:]hostPort:]containerPort"),
        (&["--ip", "x"], r#""x" is not an ip address"#),
        (&["--ip6", "10.0.0.1"], r#""10.0.0.1" is not an ip address"#),
        (&["--mac-address", "x"], "address x: invalid MAC address"),
        (&["--pull", "x"], r#"unsupported pull policy "x""#),
        (&["--oom-score-adj", "9999"], "9999 is an invalid OOM score: it must be between -1000 and 1000"),
        (&["-v", "/a:/b", "-v", "/c:/b"], "/b: duplicate mount destination"),
    ];
    for (words, expected) in cases {
        let words: Vec<&str> = words.iter().copied().chain(["image"]).collect();
        assert_eq!(request(&words).expect_err("the option is wrong"), expected, "{words:?}");
    }
}
