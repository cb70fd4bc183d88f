use super::*;

/// `kind source destination options` in one line.
fn show(result: Result<MountRequest, MountError>) -> String {
    match result {
        Ok(mount) => {
            let source = mount.source.as_deref().unwrap_or("-");
            let subpath = mount.subpath.map(|path| format!(" subpath={path}")).unwrap_or_default();
            format!("{:?} {source} {} {}{subpath}", mount.kind, mount.destination, mount.options.join(","))
                .trim()
                .to_owned()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn volumes_of_the_command_line() {
    let cases = [
        ("/data", "Volume - /data"),
        ("/host:/data", "Bind /host /data"),
        ("./host:/data/", "Bind ./host /data"),
        ("db:/var/lib//db", "Volume db /var/lib/db"),
        ("db:/data:ro,nosuid,U", "Volume db /data ro,nosuid,U"),
        ("/a:/b:O,upperdir=/u,workdir=/w", "Bind /a /b O,upperdir=/u,workdir=/w"),
        ("/a:/../../b/.", "Bind /a /b"),
        ("/a:/b:ro,map=999:0", "Bind /a /b ro,map=999:0"),
        ("db:/b:map=user", "Volume db /b map=user"),
        ("a:b", r#"invalid container path "b", must be an absolute path"#),
        ("a:b:c:d", "a:b:c:d: incorrect volume format, should be [host-dir:]ctr-dir[:option]"),
        (":/b", "host directory cannot be empty"),
        ("/a::ro", "container directory cannot be empty"),
        ("/a:/b:foo", r#"invalid option type "foo""#),
        ("/a:/b:ro,rw", r#"invalid options "ro, rw", can only specify 1 'rw' or 'ro' option"#),
        ("/a:/b:Z,z", r#"invalid options "Z, z", can only specify 1 'z', 'Z', or 'O' option"#),
        (
            "%:/b",
            "creating named volume \"%\": running volume create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: \
             invalid argument",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(show(volume::parse(text, false)), expected, "-v {text}");
    }
}

#[test]
fn mounts_of_the_command_line() {
    let cases = [
        ("type=bind,src=/a,dst=/b", "Bind /a /b"),
        ("type=bind,source=/a,target=/b,readonly", "Bind /a /b ro"),
        ("type=bind,source=/a,destination=/b,ro=false,bind-propagation=rshared", "Bind /a /b rw,rshared"),
        ("type=bind,src=/a,dst=/b,relabel=shared,U=true,idmap=uids=0-1-1", "Bind /a /b z,U,idmap=uids=0-1-1"),
        ("\"type=bind\",\"src=/a,b\",dst=/b", "Bind /a,b /b"),
        ("type=bind,\"src=/a\"\"b\",dst=/b", "Bind /a\"b /b"),
        ("type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770,notmpcopyup", "Tmpfs - /t size=64m,mode=1770,notmpcopyup"),
        ("src=db,dst=/db", "Volume db /db"),
        ("type=bind,src=/a,dst=/b,map=999:0", "Bind /a /b map=999:0"),
        ("type=tmpfs,dst=/b,map=user", "map: invalid mount option"),
        ("type=bind,src=/a,dst=/b,map", "map: must provide an argument for option"),
        ("type=volume,dst=/db", "Volume - /db"),
        ("type=volume,src=db,dst=/db,volume-subpath=x/y,nosuid", "Volume db /db nosuid subpath=x/y"),
        ("type=image,src=alpine,dst=/i,subpath=etc", "Image alpine /i  subpath=etc"),
        ("type=devpts,dst=/dev/pts,max=4,mode=620", "Devpts - /dev/pts max=4,mode=620"),
        ("type=foo,target=/x", r#"invalid filesystem type "foo""#),
        ("type=glob,src=/nonexistent/x*,dst=/y", r#"no file paths matching glob "/nonexistent/x*""#),
        (
            "foo",
            "incorrect mount format: should be --mount type=<bind|tmpfs|volume>,[src=<host-dir|volume-name>,]\
             target=<ctr-dir>[,options]",
        ),
        ("type=bind,source=/x", "must set volume destination"),
        ("type=bind,target=/x", "must set source volume"),
        ("type=bind,source=/x,target=x", r#"invalid container path "x", must be an absolute path"#),
        ("type=bind,source=/x,target=/x,foo=1", "foo: invalid mount option"),
        ("type=bind,source=/x,target=/x,foo", "foo: invalid mount option"),
        ("type=tmpfs,source=/x,target=/x", "source is not supported with tmpfs mounts"),
        ("type=volume,target", "target: must provide an argument for option"),
        (
            "type=bind,src=/,target=/x,ro=maybe",
            "'readonly', 'ro', or 'rw' must be set to true or false, instead received \"maybe\": must provide an argument \
             for option",
        ),
        (
            "type=bind,src=/,target=/x,relabel=x",
            "relabel mount option must be 'private' or 'shared': invalid mount option",
        ),
        ("type=tmpfs,target=/x,tmpfs-mode=9", r#""9" is not a valid mode: invalid mount option"#),
        ("type=tmpfs,target=/x,tmpfs-size=x", r#""x" option must be a size in bytes: invalid mount option"#),
    ];
    for (text, expected) in cases {
        assert_eq!(show(mount::parse(text).map(|mut mounts| mounts.remove(0))), expected, "--mount {text}");
    }
}

#[test]
fn memory_of_the_command_line() {
    let cases = [
        ("/run", "Tmpfs - /run"),
        ("/run:size=64m,mode=1777,noexec", "Tmpfs - /run size=64m,mode=1777,noexec"),
        ("foo", r#"invalid container path "foo", must be an absolute path"#),
        ("/foo:bar", r#"unknown mount option "bar": invalid mount option"#),
    ];
    for (text, expected) in cases {
        assert_eq!(show(tmpfs(text)), expected, "--tmpfs {text}");
    }
}

#[test]
fn one_destination_cannot_be_mounted_twice() {
    let mounts = ["/a:/x", "b:/x/"].map(|text| volume::parse(text, false).unwrap());
    assert_eq!(check_destinations(&mounts), Err(MountError::DuplicateDestination("/x".to_owned())));
}
