//! Verbs on a store that holds the image `hello`, containers that were created but never started, and volumes: nothing
//! here needs a namespace, so it runs everywhere.

use crate::program::Home;

/// A home with a container called `c` made from `hello`, and the container's ID.
fn with_container() -> (Home, String) {
    let home = Home::new();
    let made =
        home.run(&["create", "--name", "c", "-l", "tier=db", "-v", "data:/data", "-e", "A=b", "hello", "word", "-x"]);
    let id = made.strip_suffix("\n= 0\n").unwrap_or_else(|| panic!("{made}")).to_owned();
    assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    (home, id)
}

#[test]
fn containers_are_listed() {
    let (home, id) = with_container();
    let short = &id[..12];
    assert_eq!(home.run(&["ps"]), format!("{HEADER}\n= 0\n"));
    assert_eq!(home.run(&["ps", "-q"]), "= 0\n");
    assert_eq!(home.run(&["ps", "-aq"]), format!("{short}\n= 0\n"));
    assert_eq!(home.run(&["container", "ls", "-a", "--quiet", "--no-trunc"]), format!("{id}\n= 0\n"));
    let format = "{{.ID}}|{{.Names}}|{{.Image}}|{{.Command}}|{{.Status}}|{{.State}}|{{.Labels}}|{{.Mounts}}";
    let line = format!("{short}|c|localhost/hello:latest|word -x|Created|created|map[tier:db]|[/data]\n= 0\n");
    assert_eq!(home.run(&["ps", "-a", "--format", format]), line);
    let table = home.run(&["ps", "-a", "--format", "table {{.Names}} {{.Status}}"]);
    assert_eq!(table, "NAMES       STATUS\nc           Created\n= 0\n");
    assert_eq!(
        home.run(&["ps", "-a", "--noheading", "--format", "table {{.Names}} {{.State}}"]),
        "c           created\n= 0\n"
    );
    for (filter, shown) in [
        ("name=^c$", true),
        ("name=d", false),
        ("status=created", true),
        ("status=running", false),
        ("label=tier=db", true),
        ("label=tier=web", false),
        ("ancestor=hello", true),
        ("volume=data", true),
        ("until=10h", false),
    ] {
        let expected = if shown { "c\n= 0\n" } else { "= 0\n" };
        assert_eq!(home.run(&["ps", "-a", "--filter", filter, "--format", "{{.Names}}"]), expected, "{filter}");
    }
    assert_eq!(home.run(&["ps", "--filter", "foo"]), "! Error: invalid filter \"foo\"\n= 125\n");
    assert_eq!(home.run(&["ps", "--filter", "foo=1"]), "! Error: foo is an invalid filter\n= 125\n");
}

const HEADER: &str = "CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES";

#[test]
fn containers_are_json_with_podmans_names() {
    let (home, id) = with_container();
    let text = home.run(&["ps", "-a", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(text.trim_end_matches("= 0\n")).expect("JSON");
    let line = &list[0];
    assert_eq!(line["Id"], id.as_str());
    assert_eq!(line["Names"], serde_json::json!(["c"]));
    assert_eq!(line["Command"], serde_json::json!(["word", "-x"]));
    assert_eq!(line["StartedAt"], -62_135_596_800_i64);
    for name in [
        "AutoRemove",
        "Command",
        "Created",
        "CreatedAt",
        "ExitCode",
        "Exited",
        "ExitedAt",
        "Id",
        "Image",
        "ImageID",
        "IsInfra",
        "Labels",
        "Mounts",
        "Names",
        "Namespaces",
        "Networks",
        "Pid",
        "Pod",
        "PodName",
        "Ports",
        "Size",
        "StartedAt",
        "State",
        "Status",
    ] {
        assert!(line.get(name).is_some(), "{name}");
    }
}

#[test]
fn containers_are_inspected() {
    let (home, id) = with_container();
    let format =
        "{{.Id}} {{.Name}} {{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.Path}} {{.Args}} {{.ImageName}}";
    let expected = format!("{id} c created false 0 /coracle [__hello word -x] localhost/hello:latest\n= 0\n");
    for words in [["inspect", "--format", format, "c"], ["inspect", "-f", format, &id[..5]]] {
        assert_eq!(home.run(&words), expected);
    }
    let mounts =
        home.run(&["inspect", "-f", "{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}", "c"]);
    assert_eq!(mounts, "volume data /data true\n= 0\n");
    let text = home.run(&["container", "inspect", "c"]);
    assert!(text.starts_with(&format!("[\n     {{\n          \"Id\": \"{id}\",\n          \"Created\": ")), "{text}");
    let missing = "[]\n! Error: no such object: \"x\"\n= 125\n";
    assert_eq!(home.run(&["inspect", "x"]), missing);
    let missing = "! Error: no such container x\n= 125\n";
    assert_eq!(home.run(&["container", "inspect", "-f", "{{.Id}}", "x"]), missing);
    let kind = "! Error: invalid type \"foo\": must be \"image\", \"container\", \"pod\", \"network\", \"volume\", or \"all\"\n= 125\n";
    assert_eq!(home.run(&["inspect", "--type", "foo", "c"]), kind);
    assert_eq!(home.run(&["inspect"]), "! Error: no names or ids specified\n= 125\n");
}

#[test]
fn containers_are_removed() {
    let (home, id) = with_container();
    assert_eq!(home.run(&["container", "exists", "c"]), "= 0\n");
    assert_eq!(home.run(&["container", "exists", "x"]), "= 1\n");
    let missing = "! Error: no container with name or ID \"x\" found: no such container\n";
    let nothing_to_remove = "! Error: no container with ID or name \"x\" found: no such container\n= 1\n";
    assert_eq!(home.run(&["rm", "x"]), nothing_to_remove);
    assert_eq!(home.run(&["rm", "-i", "x"]), "= 0\n");
    for verb in ["stop", "kill", "start", "logs", "wait"] {
        assert_eq!(home.run(&[verb, "x"]), format!("{missing}= 125\n"), "{verb}");
    }
    let state = format!(
        "! Error: can only kill running containers. {id} is in state created: container state improper\n= 125\n"
    );
    assert_eq!(home.run(&["kill", "c"]), state);
    assert_eq!(home.run(&["kill", "-s", "foo", "c"]), "! Error: invalid signal: foo\n= 125\n");
    assert_eq!(home.run(&["stop", "c"]), "c\n= 0\n");
    // Nothing is done to anything when one of several is not there.
    for verb in ["stop", "kill", "start", "wait", "restart", "pause", "unpause", "init"] {
        assert_eq!(home.run(&[verb, "c", "x"]), format!("{missing}= 125\n"), "{verb}");
    }
    assert_eq!(home.run(&["rm", "c", "x"]), nothing_to_remove);
    assert_eq!(
        home.run(&["rm", "-t", "0", "c"]),
        "! Error: --force option must be specified to use the --time option\n= 125\n"
    );
    assert_eq!(home.run(&["rm", "-f", "x", "c"]), "c\n= 0\n");
    assert_eq!(home.run(&["rm", "--all", "--force", "--ignore", "-t", "0"]), "= 0\n");
    let nothing = "! Error: you must provide at least one name or id\n= 125\n";
    for verb in ["rm", "stop", "kill"] {
        assert_eq!(home.run(&[verb]), nothing, "{verb}");
    }
    assert_eq!(home.run(&["rm", "-a", "c"]), "! Error: no arguments are needed with --all\n= 125\n");
    assert_eq!(home.run(&["create", "--name", "d", "hello"]).lines().count(), 2);
    assert!(home.run(&["container", "prune", "-f"]).ends_with("\n= 0\n"));
    assert_eq!(home.run(&["ps", "-aq"]), "= 0\n");
}

#[test]
fn images_are_listed_named_and_removed() {
    let (home, container) = with_container();
    let names = |words: &[&str]| home.run(&[words, &["--format", "{{.Repository}}:{{.Tag}} {{.Containers}}"]].concat());
    assert_eq!(names(&["images"]), "localhost/hello:latest 1\n= 0\n");
    assert_eq!(home.run(&["tag", "hello", "other:2"]), "= 0\n");
    assert_eq!(names(&["image", "ls"]), "localhost/hello:latest 1\nlocalhost/other:2 1\n= 0\n");
    assert_eq!(names(&["image", "list", "--sort", "tag", "other"]), "localhost/other:2 1\n= 0\n");
    let header = home.run(&["images", "nonesuch"]);
    assert_eq!(header, "REPOSITORY  TAG         IMAGE ID    CREATED     SIZE\n= 0\n");
    let sort =
        "! Error: \"x\" is not a valid field for sorting. Choose from: created, id, repository, size, tag\n= 125\n";
    assert_eq!(home.run(&["images", "--sort", "x"]), sort);
    let id = home.run(&["images", "-q", "--no-trunc"]);
    let id = id.strip_prefix("sha256:").and_then(|id| id.strip_suffix("\n= 0\n")).expect("one image").to_owned();
    assert_eq!(home.run(&["images", "-q"]), format!("{}\n= 0\n", &id[..12]));
    assert_eq!(home.run(&["image", "inspect", "-f", "{{.Id}}", "other:2"]), format!("{id}\n= 0\n"));
    assert_eq!(home.run(&["history", "-q", "hello"]), format!("{}\n= 0\n", &id[..12]));
    assert_eq!(home.run(&["rmi", "other:2"]), "Untagged: localhost/other:2\n= 0\n");
    let used = format!(
        "! Error: image used by {container}: image is in use by a container: consider listing external containers and \
         force-removing image\n= 2\n"
    );
    assert_eq!(home.run(&["rmi", "hello"]), used);
    assert_eq!(home.run(&["rmi", "x"]), "! Error: x: image not known\n= 1\n");
    assert_eq!(home.run(&["rmi", "-i", "x"]), "= 0\n");
    assert_eq!(home.run(&["rmi"]), "! Error: image name or ID must be specified\n= 125\n");
    let removed = format!("Untagged: localhost/hello:latest\nDeleted: {id}\n= 0\n");
    assert_eq!(home.run(&["rmi", "--force", "hello"]), removed);
    assert_eq!(home.run(&["image", "exists", "nonesuch"]), "= 1\n");
    assert_eq!(home.run(&["ps", "-aq"]), "= 0\n");
}

#[test]
fn volumes_are_made_listed_and_removed() {
    let home = Home::new();
    assert_eq!(home.run(&["volume", "ls"]), "= 0\n");
    assert_eq!(home.run(&["volume", "create", "--label", "tier=db", "data"]), "data\n= 0\n");
    let taken = "! Error: volume with name data already exists: volume already exists\n= 125\n";
    assert_eq!(home.run(&["volume", "create", "data"]), taken);
    assert_eq!(home.run(&["volume", "create", "--ignore", "data"]), "data\n= 0\n");
    let name =
        "! Error: running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument\n= 125\n";
    assert_eq!(home.run(&["volume", "create", "a b"]), name);
    assert_eq!(home.run(&["volume", "ls"]), "DRIVER      VOLUME NAME\nlocal       data\n= 0\n");
    assert_eq!(home.run(&["volume", "list", "-q", "--filter", "label=tier"]), "data\n= 0\n");
    let path = home.path().join(".local/share/coracle/volumes/data/_data");
    let inspected = format!("data {} map[tier:db]\n= 0\n", path.display());
    assert_eq!(home.run(&["volume", "inspect", "-f", "{{.Name}} {{.Mountpoint}} {{.Labels}}", "data"]), inspected);
    assert_eq!(home.run(&["volume", "exists", "data"]), "= 0\n");
    assert_eq!(home.run(&["volume", "exists", "x"]), "= 1\n");
    assert_eq!(home.run(&["volume", "rm", "data"]), "data\n= 0\n");
    let missing = "! Error: no volume with name \"data\" found: no such volume\n= 1\n";
    assert_eq!(home.run(&["volume", "rm", "data"]), missing);
    assert_eq!(home.run(&["volume", "rm", "--force", "data"]), "= 0\n");
    assert_eq!(home.run(&["volume", "prune", "--force"]), "= 0\n");
}

#[test]
fn a_volume_in_use_stays_until_its_container_goes() {
    let (home, id) = with_container();
    let used =
        format!("! Error: volume data is being used by the following container(s): {id}: volume is being used\n= 2\n");
    assert_eq!(home.run(&["volume", "rm", "data"]), used);
    assert_eq!(home.run(&["volume", "prune", "-f"]), "= 0\n");
    assert_eq!(home.run(&["volume", "rm", "-f", "data"]), "data\n= 0\n");
    assert_eq!(home.run(&["ps", "-aq"]), "= 0\n");
}

#[test]
fn nothing_is_destroyed_without_a_yes() {
    let (home, _) = with_container();
    let question = "Are you sure you want to continue? [y/N] = 0\n";
    for words in [["container", "prune"], ["image", "prune"], ["system", "prune"], ["system", "reset"]] {
        let said = home.run(&words);
        assert!(said.starts_with("WARNING! ") && said.ends_with(question), "{said}");
    }
    assert_eq!(home.run(&["ps", "-a", "--format", "{{.Names}}"]), "c\n= 0\n");
    assert_eq!(home.run(&["system", "reset", "--force"]), "= 0\n");
    assert!(!home.path().join(".local/share/coracle").exists());
}

#[test]
fn disk_usage_has_three_lines() {
    let (home, _) = with_container();
    let text = home.run(&["system", "df", "--format", "{{.Type}} {{.Total}} {{.Active}}"]);
    assert_eq!(text, "Images 1 1\nContainers 1 0\nLocal Volumes 1 1\n= 0\n");
    assert_eq!(home.run(&["system", "check"]), "= 0\n");
}
