//! Many at once.

use crate::support::{Image, Registry, Sandbox, skip};
use crate::{busybox, shell};

#[test]
fn sixteen_runs_at_once() {
    let sandbox = busybox!();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..16)
            .map(|number| {
                scope.spawn({
                    let sandbox = &sandbox;
                    move || {
                        shell(
                            sandbox,
                            &["-v", "common:/c"],
                            &format!("touch /c/{number}; echo {number}; exit {number}"),
                        )
                    }
                })
            })
            .collect();
        for (number, run) in runs.into_iter().enumerate() {
            run.join().unwrap().exits(number as i32).prints(&number.to_string());
        }
    });
    shell(&sandbox, &["-v", "common:/c"], "ls /c | wc -l").prints("16");
    sandbox.assert_nothing_left();
}

#[test]
fn one_name_is_given_to_one_of_many() {
    let sandbox = busybox!();
    let won = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| sandbox.words("create --name only busybox true"))).collect();
        runs.into_iter().map(|run| run.join().unwrap().code()).filter(|code| *code == 0).count()
    });
    assert_eq!(won, 1);
    sandbox.words("ps -aq").succeeds();
    assert_eq!(sandbox.words("ps -aq").lines().len(), 1);
    sandbox.words("rm only").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn one_image_is_pulled_by_many() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let registry = Registry::start();
    registry.put("thing", "latest", &image);
    let reference = format!("{}/thing", registry.address());
    let sandbox = Sandbox::new();
    std::thread::scope(|scope| {
        for run in (0..8)
            .map(|_| scope.spawn(|| sandbox.run(["run", "--rm", "--tls-verify=false", &reference, "echo", "hi"])))
            .collect::<Vec<_>>()
        {
            run.join().unwrap().succeeds().prints("hi");
        }
    });
    sandbox.words("system check").succeeds();
    assert_eq!(sandbox.words("images -q").succeeds().lines().len(), 1);
    sandbox.assert_nothing_left();
}

#[test]
fn an_image_removed_while_used_does_no_harm() {
    let sandbox = busybox!();
    std::thread::scope(|scope| {
        let remover = scope.spawn(|| (0..6).map(|_| sandbox.words("rmi -f busybox").code()).collect::<Vec<_>>());
        for run in (0..6)
            .map(|_| scope.spawn(|| sandbox.words("run --rm --pull never busybox cat /etc/passwd")))
            .collect::<Vec<_>>()
        {
            let outcome = run.join().unwrap();
            // All of it or none of it.
            assert!(outcome.code() == 125 || (outcome.code() == 0 && outcome.text().contains("tester")), "{outcome:?}");
        }
        remover.join().unwrap();
    });
    sandbox.words("rm -f -a -t 0").succeeds();
    sandbox.words("system check").succeeds();
}
