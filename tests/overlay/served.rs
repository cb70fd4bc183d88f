//! What is served is what was archived.

use crate::harness;
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
    if let Some(reason) = harness::obstacle() {
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
    let served = harness::run(harness::image(&[path.join("layer.tar")]), path, &script);
    let unpacked = String::from_utf8_lossy(&std::fs::read(path.join("flat.list")).unwrap()).into_owned();
    assert!(served.lines().count() > 6000);
    similar(&served, &unpacked);
}

#[track_caller]
fn similar(left: &str, right: &str) {
    for (left, right) in left.lines().zip(right.lines()) {
        assert_eq!(left, right);
    }
    assert_eq!(left.lines().count(), right.lines().count());
}
