//! `--user`, `--group-add`, the passwd file.

use crate::support::{has_subordinate_ids, is_root, skip};
use crate::{busybox, shell};

#[test]
fn the_default_user_is_root_inside() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "id -u; id -g; echo $HOME; id -un").prints("0\n0\n/root\nroot");
}

#[test]
fn users_are_numbers_names_and_groups() {
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    let sandbox = busybox!();
    for (user, expected) in [
        ("1234", "1234 1234"),
        ("tester", "1234 1234"),
        ("tester:extra", "1234 4321"),
        ("1234:4321", "1234 4321"),
        ("5555", "5555 0"),
        ("5555:6666", "5555 6666"),
        (":extra", "0 4321"),
        ("0:0", "0 0"),
    ] {
        shell(&sandbox, &["--user", user], "echo $(id -u) $(id -g)").succeeds().prints(expected);
    }
    // Groups of a named user come along; a group given by hand stands alone.
    shell(&sandbox, &["-u", "tester"], "id -G; echo $HOME").prints("1234 4321\n/home/tester");
    shell(&sandbox, &["-u", "tester:extra"], "id -G").prints("4321");
    // The streams are the user's, who opens them again: services log to /dev/stdout or to those of process 1.
    let reopen = "echo one >/dev/stdout; echo two >/proc/1/fd/1; echo three >/dev/stderr";
    for options in [&["-u", "1234"][..], &["-u", "1234", "--init"]] {
        shell(&sandbox, options, reopen).succeeds().prints("one\ntwo").complains("three");
    }
}

#[test]
fn users_that_are_none_fail_and_never_become_root() {
    let sandbox = busybox!();
    for user in [
        "nobody-here",
        "-1",
        "4294967295",
        "4294967296",
        "99999999999999999999",
        "2147483648",
        "0x0",
        "tester:no-group",
        " ",
        "root ",
    ] {
        let outcome = shell(&sandbox, &["--user", user], "id -u");
        assert!(matches!(outcome.code(), 125 | 126), "--user {user:?}: {outcome:?}");
        assert_eq!(outcome.text(), "", "--user {user:?}");
    }
    sandbox.assert_nothing_left();
}

#[test]
fn supplementary_groups_can_be_added() {
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    let sandbox = busybox!();
    shell(&sandbox, &["--group-add", "777", "--group-add", "extra"], "id -G").prints("0 777 4321");
    shell(&sandbox, &["-u", "tester", "--group-add", "777"], "id -G").prints("1234 777 4321");
    shell(&sandbox, &["--group-add", "no-such-group"], "true").refuses(126, "no matching entries in group file");
}

#[test]
fn keep_groups_keeps_the_callers_groups() {
    let sandbox = busybox!();
    let groups = rustix::process::getgroups().unwrap();
    if groups.is_empty() || is_root() {
        skip!("the caller has no supplementary group to keep");
    }
    let outcome = shell(&sandbox, &["--group-add", "keep-groups"], "grep Groups /proc/self/status").succeeds();
    assert!(outcome.text().split_ascii_whitespace().count() > groups.len(), "{outcome:?}");
    shell(&sandbox, &["--group-add", "keep-groups", "--group-add", "1"], "true").exits(125);
}

#[test]
fn a_user_unknown_to_the_image_gets_a_passwd_line() {
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    let sandbox = busybox!();
    shell(&sandbox, &["-u", "5555"], "grep -c :5555: /etc/passwd; touch /tmp/x && echo writes").prints("1\nwrites");
    shell(&sandbox, &["-u", "5555", "--passwd=false"], "grep -c :5555: /etc/passwd").exits(1).prints("0");
    let entry = "given:*:$UID:$GID:$NAME:/given:/bin/sh";
    shell(&sandbox, &["-u", "5555", "--passwd-entry", entry], "grep ^given /etc/passwd | cut -d: -f1,3,6")
        .prints("given:5555:/given");
    // The image's own file is not changed.
    shell(&sandbox, &[], "grep -c :5555: /etc/passwd").exits(1);
}

#[test]
fn a_line_break_cannot_be_smuggled_into_passwd() {
    let sandbox = busybox!();
    let outcome = shell(
        &sandbox,
        &["-u", "5555", "--passwd-entry", "a:*:1:1::/:/bin/sh\nevil:*:0:0::/:/bin/sh"],
        "grep -c ^evil /etc/passwd",
    );
    assert_ne!(outcome.code(), 0, "{outcome:?}");
}
