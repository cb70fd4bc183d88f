//! Images made from Debian packages by other people's tools, served by Debian's registry.

use crate::support::debian::{Access, DockerRegistry, cache};
use crate::support::{Sandbox, has_subordinate_ids, skip};

/// A running registry; skips the test where there is none.
macro_rules! registry {
    ($access:expr) => {
        match DockerRegistry::start($access) {
            Ok(registry) => registry,
            Err(reason) => skip!("{reason}"),
        }
    };
}

fn run(sandbox: &Sandbox, options: &[&str], image: &str, script: &str) -> crate::support::Outcome {
    sandbox.run([&["run", "--rm", "-q", "--tls-verify=false"], options, &[image, "sh", "-c", script]].concat())
}

#[test]
fn busybox_as_umoci_made_it() {
    let registry = registry!(Access::Open);
    let sandbox = Sandbox::new();
    for form in ["busybox", "busybox:docker", "busybox-zstd", "busybox-plain"] {
        run(&sandbox, &[], &registry.image(form), "busybox | head -n 1; id -u")
            .succeeds()
            .mentions("BusyBox")
            .mentions("0");
    }
}

#[test]
fn debian_as_mmdebstrap_made_it() {
    let registry = registry!(Access::Open);
    let sandbox = Sandbox::new();
    let image = registry.image("debian");
    run(&sandbox, &[], &image, "cat /etc/debian_version; dpkg --audit && dpkg -V base-files && echo sound")
        .succeeds()
        .mentions("sound");
    run(&sandbox, &[], &image, "find / -xdev | wc -l; tar -C / -cf - usr etc | wc -c").succeeds();
}

#[test]
fn packages_can_be_installed_in_debian() {
    let registry = registry!(Access::Open);
    if !has_subordinate_ids() {
        skip!("apt-get wants several ids, and this user has no subordinate ids");
    }
    let sandbox = Sandbox::new();
    let script = "apt-get update >/dev/null 2>&1; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends hello >/tmp/log 2>&1 || { tail -n 20 /tmp/log; exit 1; }; hello";
    let outcome = run(&sandbox, &["--network", "host"], &registry.image("debian"), script);
    if outcome.text().contains("Could not resolve") || outcome.text().contains("Unable to locate") {
        skip!("no package mirror can be reached");
    }
    outcome.succeeds().mentions("Hello, world!");
}

#[test]
fn python_computes_with_numpy() {
    let registry = registry!(Access::Open);
    let sandbox = Sandbox::new();
    let script = "python3 -c 'import numpy; print(numpy.arange(6).reshape(2, 3).sum())'";
    for userns in ["", "keep-id"] {
        run(&sandbox, &["--userns", userns], &registry.image("python"), script).succeeds().prints("15");
    }
}

#[test]
fn the_strange_layers_come_out_as_gnu_tar_put_them_in() {
    let registry = registry!(Access::Open);
    let sandbox = Sandbox::new();
    // The fixture's own record of what a correct reader sees: made with tar and rm in a directory.
    let expected = std::fs::read(cache().join("strange.expected")).expect("the fixture has its record");
    let expected = String::from_utf8_lossy(&expected);
    for driver in ["fuse+overlay", "fuse", "copy"] {
        let image = registry.image("strange");
        let script = concat!("cd /data\n", include_str!("../support/strange.sh"));
        let mut invocation = sandbox.command(["run", "--rm", "-q", "--tls-verify=false", &image, "sh", "-c", script]);
        invocation = invocation.env("CORACLE_STORAGE_DRIVER", driver);
        let outcome = invocation.run();
        if driver.starts_with("fuse") && outcome.code() == 125 {
            continue;
        }
        assert_eq!(outcome.succeeds().text(), expected.trim_end(), "{driver}");
    }
}

#[test]
fn a_password_is_asked_for() {
    let registry = registry!(Access::Password);
    let sandbox = Sandbox::new();
    let image = registry.image("busybox");
    sandbox.run(["pull", "--tls-verify=false", &image]).refuses(125, "unauthorized");
    sandbox.run(["pull", "-q", "--tls-verify=false", "--creds", "tester:secret", &image]).succeeds();
}

#[test]
fn a_certificate_is_checked() {
    let registry = registry!(Access::Tls);
    let sandbox = Sandbox::new();
    let image = registry.image("busybox");
    sandbox.run(["pull", "--tls-verify=true", &image]).refuses(125, "certificate");
    sandbox.run(["pull", "-q", "--tls-verify=false", &image]).succeeds();
    sandbox.words("rmi -a -f").succeeds();
    let authority = cache().join("tls/ca.crt");
    let place = sandbox.home().join(".config/containers/certs.d").join(registry.address());
    std::fs::create_dir_all(&place).unwrap();
    std::fs::copy(&authority, place.join("ca.crt")).unwrap();
    sandbox.run(["pull", "-q", "--tls-verify=true", &image]).succeeds();
    sandbox.words("rmi -a -f").succeeds();
    std::fs::remove_dir_all(place).unwrap();
    sandbox.command(["pull", "-q", "--tls-verify=true", &image]).env("SSL_CERT_FILE", &authority).run().succeeds();
}

#[test]
fn the_same_image_runs_under_every_mapping_in_parallel() {
    let registry = registry!(Access::Open);
    let sandbox = Sandbox::new();
    let image = registry.image("debian");
    run(&sandbox, &[], &image, "true").succeeds();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..16)
            .map(|number| {
                let (sandbox, image) = (&sandbox, &image);
                scope.spawn(move || {
                    let userns = if number % 2 == 0 { "" } else { "keep-id" };
                    run(
                        sandbox,
                        &["--userns", userns],
                        image,
                        &format!("sha256sum /usr/bin/perl /bin/bash >/dev/null && echo {number}"),
                    )
                })
            })
            .collect();
        for (number, run) in runs.into_iter().enumerate() {
            run.join().unwrap().succeeds().prints(&number.to_string());
        }
    });
    sandbox.assert_nothing_left();
}
