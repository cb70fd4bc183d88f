//! The driver `fuse`: our own writable layer, compared with an unpacked copy, over restarts and at its limits.

use crate::changes::{CHANGES, MAKE};
use crate::harness;
use crate::support::skip;
use std::path::Path;
use std::process::Command;

fn obstacle() -> Option<String> {
    let one_id = || (!harness::has_many_ids()).then(|| "this user has one id only".to_owned());
    harness::obstacle().or_else(one_id)
}

fn shell(directory: &Path, script: &str) {
    let status = Command::new("sh").args(["-euc", script]).current_dir(directory).status().unwrap();
    assert!(status.success(), "{script}");
}

#[test]
fn changes_equal_changes_to_an_unpacked_copy_and_outlive_the_server() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, MAKE);
    let layers = [path.join("lower.tar"), path.join("upper.tar")];
    let script = format!(
        "{CHANGES}
        mkdir flat; tar -xpf lower.tar -C flat; tar -xpf upper.tar -C flat; rm flat/many/.wh.9 flat/many/9
        changes flat; list flat >flat.list; rm -rf flat; changes merged; list merged
        cd merged; find . ! -type d -printf '%i %p\\n' | sort >../numbers; cd .."
    );
    let flat = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
    let merged = harness::run_writable(harness::image(&layers), path, None, &script);
    assert!(merged.lines().count() > 200);
    assert_eq!(merged, flat("flat.list"));
    // Another server, which knows only what is on disk.
    let again =
        format!("{CHANGES} list merged; cd merged; find . ! -type d -printf '%i %p\\n' | sort >../numbers.again");
    let merged = harness::run_writable(harness::image(&layers), path, None, &again);
    assert_eq!(merged, flat("flat.list"));
    assert_eq!(flat("numbers"), flat("numbers.again"));
    // Everything belongs to the user, who can remove it without help.
    std::fs::remove_dir_all(path.join("upper")).unwrap();
    std::fs::remove_dir_all(path.join("work")).unwrap();
}

/// What the kernel's overlay cannot do without privileges.
#[test]
fn a_file_of_several_names_stays_one() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, "mkdir -p in/a in/b; echo one >in/a/f; ln in/a/f in/b/g; ln in/a/f in/h; tar -cf l.tar -C in .");
    let layers = [path.join("l.tar")];
    let script = "cd merged; stat -c %i a/f >../before; exec 3<b/g; echo two >>a/f; cat h b/g; cat <&3
        stat -c '%h' a/f b/g h; stat -c %i h >../after; cmp ../before ../after; mv b c; ln c/g again; rm a/f; stat -c %h h";
    let output = harness::run_writable(harness::image(&layers), path, None, script);
    assert_eq!(output, "one\ntwo\none\ntwo\none\ntwo\n3\n3\n3\n3\n");
    let script = "cd merged; stat -c %h h c/g again; stat -c %i c/g again >../later; sort -u ../before ../later | wc -l
        test ! -e a/f; test ! -e b; cat again";
    let output = harness::run_writable(harness::image(&layers), path, None, script);
    assert_eq!(output, "3\n3\n3\n1\none\ntwo\n");
}

#[test]
fn directories_from_below_move_with_all_that_is_in_them() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, "mkdir -p in/d/e in/x; echo f >in/d/e/f; echo g >in/d/g; echo y >in/x/y; tar -cf l.tar -C in .");
    let layers = [path.join("l.tar")];
    let script = "cd merged; mv d n; echo 2 >>n/e/f; mkdir d; mv x n/e/x; python3 -c 'pass' 2>/dev/null || :
        rm n/g; mv n/e/x x; mv n m; find . | LC_ALL=C sort";
    let expected = ".\n./d\n./m\n./m/e\n./m/e/f\n./x\n./x/y\n";
    assert_eq!(harness::run_writable(harness::image(&layers), path, None, script), expected);
    let script = "cd merged; find . | LC_ALL=C sort; cat m/e/f; ls -A ../upper | LC_ALL=C sort";
    let output = harness::run_writable(harness::image(&layers), path, None, script);
    // The directory that is back where it was is not hidden from itself.
    assert_eq!(output, format!("{expected}f\n2\n.wh.d\nd\nm\nx\n"));
}

#[test]
fn a_size_limit_ends_writes_with_enospc_and_shows_in_statfs() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, "mkdir in; head -c 3000000 /dev/zero >in/below; tar -cf l.tar -C in .");
    let layers = [path.join("l.tar")];
    let limit = Some(8 << 20);
    let script = "cd merged; stat -f -c '%b %S' .; dd if=/dev/zero of=a bs=1M count=20 2>../said || echo full
        grep -c 'No space' ../said; s=$(stat -c %s a); test $s -gt 7000000 -a $s -le 8388608
        printf x | dd of=a bs=1 seek=100 conv=notrunc status=none; echo overwritten
        echo more >>below 2>/dev/null || echo full";
    assert_eq!(
        harness::run_writable(harness::image(&layers), path, limit, script),
        "2048 4096\nfull\n1\noverwritten\nfull\n"
    );
    // Counted again at the next start.
    let script = "cd merged; test $(stat -f -c %a .) -lt 512; head -c 2000000 /dev/zero >b && exit 1; rm -f b a
        head -c 2000000 /dev/zero >b; truncate -s 1G sparse; echo more >>below; tail -c 5 below";
    assert_eq!(harness::run_writable(harness::image(&layers), path, limit, script), "more\n");
}

/// What was written a moment ago is in the kernel's cache only; `cp` asks where the holes are, and would leave it out.
#[test]
fn holes_are_found_and_what_was_just_written_is_none() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, "mkdir in; truncate -s 20M in/below; tar -Scf l.tar -C in .");
    let layers = [path.join("l.tar")];
    let script = "cd merged; truncate -s 20M made; for f in made below; do
        printf there | dd of=$f bs=1 seek=5000000 conv=notrunc status=none; cp --sparse=auto $f copy
        cmp $f copy; tr -d '\\000' <copy; echo; test $(du -k copy | cut -f1) -lt 200; rm copy; done";
    for limit in [None, Some(64 << 20)] {
        let output = harness::run_writable(harness::image(&layers), path, limit, script);
        assert_eq!(output, "there\nthere\n", "limit {limit:?}");
    }
}

/// The kernel writes a file's pages back whenever it likes, which takes no rights away.
#[test]
fn a_capability_set_stays_when_pages_from_before_it_are_written_back() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, "mkdir in; tar -cf l.tar -C in .");
    let layers = [path.join("l.tar")];
    // The set is removed by the next write(2), which is asked of a descriptor that stays open over both.
    let set = "0x0100000200200000000000000000000000000000";
    let script = format!(
        "cd merged; exec 3>program; echo one >&3; setfattr -n security.capability -v {set} program; sync program
        getfattr -n security.capability -e hex program 2>/dev/null | grep -o 0x.* || echo gone
        echo two >&3; sync program; getfattr -n security.capability -e hex program 2>/dev/null | grep -o 0x.* || echo gone"
    );
    if std::process::Command::new("setfattr").arg("--version").output().is_err() {
        skip!("needs setfattr");
    }
    assert_eq!(harness::run_writable(harness::image(&layers), path, None, &script), format!("{set}\ngone\n"));
}

/// Contents come after attributes: only a write makes them the container's own.
#[test]
fn a_change_of_attributes_leaves_the_contents_below() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(path, "mkdir in; for f in a b c d e; do seq 100000 >in/$f; done; ln in/d in/d2; tar -cf l.tar -C in .");
    let layers = [path.join("l.tar")];
    let script = "cd merged; chmod 640 a b c d e; touch -d @1000 a; mv b moved; ln c linked; exec 3<e; rm e
        for f in a moved c linked d2; do stat -c '%n %s %a %h' $f; seq 100000 | cmp - $f; done
        test $(stat -c %b a) -gt 1000; test $(cat ../upper/[a-m]* | wc -c) = 0; seq 100000 | cmp - /dev/fd/3
        truncate -s 5 c; printf X | dd of=a bs=1 seek=3 conv=notrunc status=none; echo more >>d";
    let expected = "a 588895 640 1\nmoved 588895 640 1\nc 588895 640 2\nlinked 588895 640 2\nd2 588895 640 2\n";
    assert_eq!(harness::run_writable(harness::image(&layers), path, None, script), expected);
    let script = "cd merged; chmod 600 moved; head -c 8 a; echo; tail -n 1 a; cat linked; echo; tail -n 1 d2
        seq 100000 | cmp - moved; stat -c %s ../upper/a ../upper/moved ../upper/c ../upper/d2
        : >moved; stat -c '%s %a' moved; stat -c '%s %a' a linked d2";
    let output = harness::run_writable(harness::image(&layers), path, None, script);
    assert_eq!(
        output,
        "1\n2X3\n4\n\n100000\n1\n2\n3\nmore\n588895\n0\n5\n588900\n0 600\n588895 640\n5 640\n588900 640\n"
    );
}

/// Removing a name changes the times of the file, which is copied up then, by a name that is not known yet.
#[test]
fn a_file_from_below_that_loses_a_name_keeps_its_contents() {
    if let Some(reason) = obstacle() {
        skip!("{reason}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    shell(
        path,
        "mkdir -p in/etc; echo two >in/etc/two; ln in/etc/two in/etc/second; ln in/etc/two in/third; tar -cf l.tar -C in .",
    );
    let layers = [path.join("l.tar")];
    let script = "cd merged; rm etc/two";
    assert_eq!(harness::run_writable(harness::image(&layers), path, None, script), "");
    let script = "cd merged; stat -c '%s %h' etc/second; echo more >>etc/second; rm third; cat etc/second";
    assert_eq!(harness::run_writable(harness::image(&layers), path, None, script), "4 2\ntwo\nmore\n");
    let script = "cd merged; stat -c '%s %h' etc/second; cat etc/second";
    assert_eq!(harness::run_writable(harness::image(&layers), path, None, script), "9 1\ntwo\nmore\n");
}
