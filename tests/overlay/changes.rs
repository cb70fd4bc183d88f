//! Writing to the overlay on top of served layers gives what writing to an unpacked copy gives.

use crate::harness;
use std::process::Command;

/// What package managers, compilers and shells do to files, run in the root of a tree.
///
/// Missing on purpose: a hard link to a file that was changed before. An overlay without privileges cannot decode where a
/// copied-up file came from (`ovl_can_decode_fh` wants CAP_DAC_READ_SEARCH), so the kernel shows the two names as two inodes.
pub const CHANGES: &str = r#"
changes() {
    cd "$1"
    echo more >>etc/conf; : >etc/emptied; printf X | dd of=big bs=1 seek=777 conv=notrunc status=none
    echo dpkg >usr/bin/tool.dpkg-new; chmod 755 usr/bin/tool.dpkg-new; sync usr/bin/tool.dpkg-new
    mv usr/bin/tool.dpkg-new usr/bin/tool; echo d >usr/share/doc4; ln usr/share/doc4 usr/share/doc5; mv usr/share/doc usr/share/doc3
    rm etc/gone; rm -r var/cache; mkdir -p var/cache/new; echo n >var/cache/new/n; echo back >etc/gone
    mv var/lib var/moved; chmod 700 srv; chown 5:6 srv/owned; ln -sf elsewhere link; rm pipe; mkfifo pipe
    touch -d '2011-11-11 11:11:11' etc/touched; truncate -s 100 etc/short; truncate -s 0 etc/short2
    cp -a usr/share usr/copy; find many -name '*7' -delete; mv many/1 many/renamed; mkdir many/1
    mv many/2 many/3; rmdir empty; echo file >empty; rm to-directory; mkdir to-directory
    chmod u+s usr/bin/tool; echo '#!/bin/sh' >run; chmod +x run; ./run; cat var/moved/state >>etc/conf
    printf 'sparse end' | dd of=sparse bs=1 seek=3000000 conv=notrunc status=none; cp sparse sparse2
    cd ..
}
list() {
    (cd "$1" && find . -mindepth 1 ! -type d -printf '%P|%y|%m|%U:%G|%s|%n|%l\n' | LC_ALL=C sort &&
     find . -mindepth 1 -type d -printf '%P|%m|%U:%G\n' | LC_ALL=C sort &&
     find etc usr -newermt 2011-01-01 ! -newermt 2012-01-01 && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}
"#;

/// Two layers with something of everything.
pub const MAKE: &str = r#"
        mkdir -p in/etc in/usr/bin in/usr/share in/var/cache/old in/var/lib in/srv in/many in/empty && cd in
        for f in conf emptied gone touched short short2; do seq 50 >etc/$f; done; seq 9 >usr/bin/tool; seq 9 >usr/share/doc
        head -c 500000 /dev/urandom >big; echo o >var/cache/old/o; echo state >var/lib/state; echo s >srv/owned; : >run
        ln -s first link; mkfifo pipe; echo f >to-directory; truncate -s 4M sparse; i=0
        while [ $i -lt 100 ]; do echo $i >many/$i; i=$((i+1)); done
        touch -d '2001-01-01' etc/* && cd .. && tar --numeric-owner --owner=0 --group=0 -cf lower.tar -C in .
        mkdir -p top/etc top/many && echo two >top/etc/second && : >top/many/.wh.9 &&
        tar --numeric-owner --owner=0 --group=0 -cf upper.tar -C top ."#;

#[test]
fn changes_above_served_layers_equal_changes_to_an_unpacked_copy() {
    let one_id = || (!harness::has_many_ids()).then(|| "this user has one id only".to_owned());
    if let Some(reason) = harness::obstacle().or_else(one_id) {
        eprintln!("skipped: {reason}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let status = Command::new("sh").args(["-euc", MAKE]).current_dir(path).status().unwrap();
    assert!(status.success());
    let script = format!(
        "{CHANGES}
        mkdir flat; tar -xpf lower.tar -C flat; tar -xpf upper.tar -C flat; rm flat/many/.wh.9 flat/many/9
        changes merged; list merged; changes flat; list flat >flat.list; rm -rf flat
        # What lies below is as it was.
        test \"$(cat lower/etc/gone | wc -l)\" = 50; test -e lower/var/cache/old/o; test ! -e lower/many/9"
    );
    let layers = [path.join("lower.tar"), path.join("upper.tar")];
    let merged = harness::run(harness::image(&layers), path, &script);
    let flat = std::fs::read_to_string(path.join("flat.list")).unwrap();
    assert!(flat.lines().count() > 200);
    for (merged, flat) in merged.lines().zip(flat.lines()) {
        assert_eq!(merged, flat);
    }
    assert_eq!(merged.lines().count(), flat.lines().count());
}

/// One device number and unchanging inode numbers, or else `find -xdev` and archivers go astray.
#[test]
fn the_overlay_is_one_file_system() {
    if let Some(reason) = harness::obstacle() {
        eprintln!("skipped: {reason}");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let make = "mkdir -p in/a; echo f >in/a/f; ln in/a/f in/g; tar -cf layer.tar -C in .";
    assert!(Command::new("sh").args(["-euc", make]).current_dir(path).status().unwrap().success());
    let script = "cd merged; find . -printf '%D\\n' | sort -u | wc -l; find . -xdev -name f; echo x >a/new
        find . -printf '%D\\n' | sort -u | wc -l; find . -samefile g | sort; stat -f -c %T ../lower";
    let output = harness::run(harness::image(&[path.join("layer.tar")]), path, script);
    assert_eq!(output, "1\n./a/f\n1\n./a/f\n./g\nfuseblk\n");
}
