//! Debian's own registry, and the images that `tests/support/fixtures.sh` made with other people's tools.

use super::process;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where fixtures are kept.
pub fn cache() -> PathBuf {
    let fallback = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/test-cache");
    std::env::var_os("CORACLE_TEST_CACHE").map_or_else(fallback, PathBuf::from)
}

/// How a registry is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Plain HTTP, nobody asked.
    Open,
    /// Plain HTTP, `tester` with the password `secret`.
    Password,
    /// HTTPS with a certificate of the fixtures' own authority, `ca.crt` in the cache.
    Tls,
}

/// A running docker-registry that serves the fixtures read-only; ends when dropped.
pub struct DockerRegistry {
    child: Child,
    _directory: tempfile::TempDir,
    address: String,
}

impl DockerRegistry {
    /// Starts one; `Err` is the reason why that cannot be.
    pub fn start(access: Access) -> Result<DockerRegistry, String> {
        let program =
            super::program("docker-registry").ok_or("needs docker-registry (Debian package docker-registry)")?;
        let storage = cache().join("registry");
        if !storage.join("complete").exists() {
            let why = std::fs::read_to_string(cache().join("why-not"))
                .unwrap_or_else(|_| "they are made by tests/run as root".into());
            return Err(format!("needs the Debian image fixtures: {}", why.trim()));
        }
        let directory = tempfile::Builder::new().prefix("reg-").tempdir().map_err(|error| error.to_string())?;
        let address = super::debian::free_address();
        let mut config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  \
             maintenance: {{uploadpurging: {{enabled: false}}, readonly: {{enabled: true}}}}\nhttp:\n  addr: {address}\n",
            storage.display()
        );
        match access {
            Access::Open => {}
            Access::Tls => {
                let place = cache().join("tls");
                config += &format!("  tls: {{certificate: {0}/server.crt, key: {0}/server.key}}\n", place.display());
            }
            Access::Password => {
                let place = cache().join("htpasswd");
                config += &format!("auth:\n  htpasswd: {{realm: tests, path: {}}}\n", place.display());
            }
        }
        let file = directory.path().join("config.yml");
        std::fs::write(&file, config).map_err(|error| error.to_string())?;
        let log = std::fs::File::create(directory.path().join("log")).map_err(|error| error.to_string())?;
        let child = Command::new(program)
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor is free"))
            .stderr(log)
            .spawn()
            .map_err(|error| error.to_string())?;
        let registry = DockerRegistry { child, _directory: directory, address };
        let answers = || TcpStream::connect(&registry.address).is_ok().then_some(());
        let up = process::eventually(Duration::from_secs(20), answers);
        assert!(
            up.is_some(),
            "docker-registry does not start: {:?}",
            std::fs::read_to_string(file.with_file_name("log"))
        );
        Ok(registry)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The reference of a fixture.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address nobody listens on now.
pub fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("bound").to_string()
}
