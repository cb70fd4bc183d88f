//! What is served is what was archived.

use crate::harness;
use coracle::overlay::server::{DirectoryLower, Lower};
use std::path::PathBuf;
use std::process::Command;

/// Everything about a tree that can be seen: names, types, modes, owners, sizes, times, links, contents, attributes.
const LIST: &str = r#"
list() {
    (cd "$1" &&
     find . -mindepth 1 ! -type d -printf '%P|%y|%m|%U:%G|%s|%T@|%n|%l\n' | LC_ALL=C sort &&
     find . -mindepth 1 -type d -printf '%P|%y|%m|%U:%G|%T@\n' | LC_ALL=C sort &&
     find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}
"#;

/// A script run in the working directory of a test, as it is outside any namespace.
fn shell(directory: &std::path::Path, script: &str) {
    let status = Command::new("sh").args(["-euc", script]).current_dir(directory).status().unwrap();
    assert!(status.success(), "{script}");
}

#[test]
fn a_served_layer_equals_the_unpacked_one() {
    let one_id = || (!harness::has_many_ids()).then(|| "this user has one id only".to_owned());
    if let Some(reason) = harness::obstacle().or_else(one_id) {
        eprintln!("skipped: {reason}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(
        path,
        r#"
        mkdir -p in/dir/deep/er in/empty in/many && cd in
        echo hello >dir/file; printf '' >dir/zero; head -c 3000000 /dev/urandom >dir/big
        ln -s ../nowhere dir/link; ln dir/file dir/deep/hard; ln dir/file another; mkfifo dir/pipe
        chmod 4755 dir/file; chmod 1777 empty; chmod 0400 dir/zero
        touch -d '2001-02-03 04:05:06.789' dir/big; touch -d '1960-01-01' dir/deep
        truncate -s 50M dir/sparse; echo middle | dd of=dir/sparse bs=1 seek=20000000 conv=notrunc status=none
        echo "newline" >"$(printf 'a\nb')"; echo bytes >"$(printf '\377\376')"; echo long >"$(printf '%0255d' 7)"
        i=0; while [ $i -lt 3000 ]; do echo $i >many/$i; i=$((i+1)); done
        cd .. && tar --sparse --numeric-owner --owner=33 --group=44 --format=pax -cf layer.tar -C in ."#,
    );
    let script =
        format!("{LIST} mkdir flat; tar -xpf layer.tar -C flat; list flat >flat.list; list lower; rm -rf flat");
    let layers = [path.join("layer.tar")];
    let served = harness::run(harness::image(&layers), path, &script);
    let unpacked = String::from_utf8_lossy(&std::fs::read(path.join("flat.list")).unwrap()).into_owned();
    assert!(served.lines().count() > 6000);
    similar(&served, &unpacked);
    let script = format!("{LIST} list lower; rm -rf lower/* upper/* work/*");
    similar(&harness::run_extracted(&layers, path, &script), &unpacked);
}

#[test]
fn a_served_directory_equals_the_directory_except_for_what_is_masked() {
    if let Some(reason) = harness::obstacle() {
        eprintln!("skipped: {reason}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(
        path,
        r#"
        mkdir -p host/a/b host/hidden/inside host/home/me host/locked host/many && cd host
        echo text >a/file; ln a/file a/b/hard; ln -s /etc/passwd a/absolute; ln -s ../../../../etc a/b/up; mkfifo a/pipe
        echo secret >hidden/inside/secret; echo secret >home/me/secret; echo private >a/private; : >a/lock
        head -c 1000000 /dev/urandom >a/big; chmod 2750 a/b; touch -d '2001-02-03 04:05:06.789' a/file a/b
        i=0; while [ $i -lt 2000 ]; do : >many/$i; i=$((i+1)); done
        echo x >locked/x; chmod 0 locked a/private a/lock"#,
    );
    let masked = ["/hidden", "/home/*", "/nowhere"].map(PathBuf::from).to_vec();
    let lower = Lower::Directory(DirectoryLower::open(&path.join("host"), masked).unwrap());
    // Owners are the host's; only ids that exist inside can be shown.
    let owners = if harness::has_many_ids() { "%U:%G" } else { "" };
    let listing = format!(
        r#"listing() {{ cd "$1"; find a many -printf '%P|%y|%m|{owners}|%s|%T@|%n|%l\n' | LC_ALL=C sort; sha256sum a/big; cd ..; }}"#
    );
    shell(path, &format!("{listing}; listing host >flat.list"));
    let script = format!(
        r#"{listing}
        listing lower
        test -z "$(ls -A lower/hidden)"; test -d lower/home/me; test -z "$(ls -A lower/home/me)"
        ! cat lower/hidden/inside/secret 2>/dev/null; ! cat lower/home/me/secret 2>/dev/null
        : >>merged/a/lock; echo more >>merged/a/file; test "$(cat host/a/file)" = text; rm -r merged/many
        test -e host/many/7"#
    );
    let served = harness::run(lower, path, &script);
    let real = String::from_utf8_lossy(&std::fs::read(path.join("flat.list")).unwrap()).into_owned();
    assert!(served.lines().count() > 2000);
    similar(&served, &real);
    shell(path, "chmod 700 host/locked");
}

#[test]
fn what_the_caller_may_not_read_fails_when_read() {
    if rustix::process::getuid().is_root() {
        eprintln!("skipped: root may read everything");
        return;
    }
    if let Some(reason) = harness::obstacle() {
        eprintln!("skipped: {reason}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, "mkdir -p host/locked; echo x >host/locked/x; echo p >host/private; chmod 0 host/locked host/private");
    let lower = Lower::Directory(DirectoryLower::open(&path.join("host"), Vec::new()).unwrap());
    let script = r#"
        stat -c %s lower/private; exec 3<lower/private
        cat lower/private 2>&1 || true; ls -A lower/locked; cat lower/locked/x 2>&1 || true"#;
    let output = harness::run(lower, path, script);
    shell(path, "chmod 700 host/locked");
    assert_eq!(output, "2\ncat: lower/private: Permission denied\ncat: lower/locked/x: No such file or directory\n");
}

#[test]
fn attributes_and_holes_are_served_and_survive_copy_up() {
    let python = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    let no_python = || (!python).then(|| "python3, which reads the attributes, is not installed".to_owned());
    if let Some(reason) = harness::obstacle().or_else(no_python) {
        eprintln!("skipped: {reason}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let make = r#"
import tarfile, io
tar = tarfile.open("layer.tar", "w", format=tarfile.PAX_FORMAT)
def add(name, data, **headers):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.pax_headers = headers
    tar.addfile(info, io.BytesIO(data))
capability = "".join(map(chr, b"\1\0\0\2\0\x20\0\0" + bytes(12)))
add("tool", b"x", **{"SCHILY.xattr.security.capability": capability, "SCHILY.xattr.user.note": "kept",
    "SCHILY.xattr.user.overlay.opaque": "y", "SCHILY.xattr.trusted.t": "dropped"})
add("plain", b"x")
add("sparse", b"ab", **{"GNU.sparse.size": "1000000", "GNU.sparse.map": "500000,2"})
tar.close()
"#;
    assert!(Command::new("python3").args(["-c", make]).current_dir(path).status().unwrap().success());
    let look = r#"
import os
for tree in ["lower", "merged"]:
    for name in ["tool", "plain"]:
        path = tree + "/" + name
        for _ in range(2):
            print(path, sorted((x, len(os.getxattr(path, x))) for x in os.listxattr(path)))
            if tree == "merged":
                os.chmod(path, 0o755)
    try:
        os.getxattr(tree + "/plain", "user.none")
    except OSError as error:
        print(error.strerror)
file = os.open("lower/sparse", os.O_RDONLY)
print([os.lseek(file, at, how) for at, how in
       [(0, os.SEEK_DATA), (0, os.SEEK_HOLE), (500000, os.SEEK_HOLE), (500001, os.SEEK_DATA)]])
print(os.pread(file, 4, 499999), len(os.pread(file, 1 << 20, 0)), os.pread(file, 9, 1000000))
"#;
    std::fs::write(path.join("look.py"), look).unwrap();
    let output = harness::run(harness::image(&[path.join("layer.tar")]), path, "python3 look.py");
    let both = "[('security.capability', 20), ('user.note', 4)]";
    let expected = format!(
        "lower/tool {both}\nlower/tool {both}\nlower/plain []\nlower/plain []\nNo data available\n\
         merged/tool {both}\nmerged/tool {both}\nmerged/plain []\nmerged/plain []\nNo data available\n\
         [500000, 0, 500002, 500001]\nb'\\x00ab\\x00' 1000000 b''\n"
    );
    assert_eq!(output, expected);
}

#[track_caller]
fn similar(left: &str, right: &str) {
    for (left, right) in left.lines().zip(right.lines()) {
        assert_eq!(left, right);
    }
    assert_eq!(left.lines().count(), right.lines().count());
}
