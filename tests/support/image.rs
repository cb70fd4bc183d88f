//! Images made in memory, as hostile as a test wants them: no tool would write some of these.
//!
//! Tar as POSIX.1-2017 `pax` describes it (ustar header, pax records for what does not fit); manifests after the OCI
//! image specification 1.1 and Docker's schema 2.

use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Lower-case hexadecimal SHA-256 with the `sha256:` prefix.
pub fn digest(bytes: &[u8]) -> String {
    let sum = ring::digest::digest(&ring::digest::SHA256, bytes);
    sum.as_ref().iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// How a layer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// A layer being written. Methods that describe an entry (`owned_by`, `xattr`) come before the one that adds it.
#[derive(Clone)]
pub struct Layer {
    tar: Vec<u8>,
    owner: (u64, u64),
    records: Vec<(Vec<u8>, Vec<u8>)>,
    /// How it travels.
    pub compression: Compression,
}

impl Default for Layer {
    fn default() -> Self {
        Layer::new()
    }
}

impl Layer {
    /// An empty layer that travels as gzip.
    pub fn new() -> Layer {
        Layer { tar: Vec::new(), owner: (0, 0), records: Vec::new(), compression: Compression::Gzip }
    }
    /// Travels in another way.
    pub fn compressed(mut self, compression: Compression) -> Layer {
        self.compression = compression;
        self
    }
    /// Owner of all later entries.
    pub fn owned_by(mut self, uid: u64, gid: u64) -> Layer {
        self.owner = (uid, gid);
        self
    }
    /// An extended attribute of the next entry.
    pub fn xattr(self, name: &str, value: &[u8]) -> Layer {
        self.record(format!("SCHILY.xattr.{name}").as_bytes(), value)
    }
    /// A pax record of the next entry.
    pub fn record(mut self, key: &[u8], value: &[u8]) -> Layer {
        self.records.push((key.to_vec(), value.to_vec()));
        self
    }
    /// A directory.
    pub fn directory(self, name: impl AsRef<[u8]>, mode: u32) -> Layer {
        self.entry(b'5', name.as_ref(), mode, b"", b"", (0, 0))
    }
    /// A regular file.
    pub fn file(self, name: impl AsRef<[u8]>, mode: u32, data: impl AsRef<[u8]>) -> Layer {
        self.entry(b'0', name.as_ref(), mode, b"", data.as_ref(), (0, 0))
    }
    /// A symbolic link.
    pub fn symlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Layer {
        self.entry(b'2', name.as_ref(), 0o777, target.as_ref(), b"", (0, 0))
    }
    /// A hard link to an earlier entry.
    pub fn hardlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Layer {
        self.entry(b'1', name.as_ref(), 0o644, target.as_ref(), b"", (0, 0))
    }
    /// A FIFO.
    pub fn fifo(self, name: impl AsRef<[u8]>) -> Layer {
        self.entry(b'6', name.as_ref(), 0o644, b"", b"", (0, 0))
    }
    /// A character device.
    pub fn device(self, name: impl AsRef<[u8]>, major: u32, minor: u32) -> Layer {
        self.entry(b'3', name.as_ref(), 0o666, b"", b"", (major, minor))
    }
    /// Bytes that are no tar entry.
    pub fn raw(mut self, bytes: &[u8]) -> Layer {
        self.tar.extend_from_slice(bytes);
        self
    }

    fn entry(mut self, kind: u8, name: &[u8], mode: u32, link: &[u8], data: &[u8], device: (u32, u32)) -> Layer {
        if name.len() > 100 {
            self.records.push((b"path".to_vec(), name.to_vec()));
        }
        if link.len() > 100 {
            self.records.push((b"linkpath".to_vec(), link.to_vec()));
        }
        if !self.records.is_empty() {
            let mut body = Vec::new();
            for (key, value) in std::mem::take(&mut self.records) {
                body.extend(pax_record(&key, &value));
            }
            let header =
                Header { kind: b'x', name: b"pax", mode: 0o644, link: b"", size: body.len(), owner: (0, 0), device };
            header.write(&mut self.tar);
            append_padded(&mut self.tar, &body);
        }
        let header = Header { kind, name, mode, link, size: data.len(), owner: self.owner, device };
        header.write(&mut self.tar);
        append_padded(&mut self.tar, data);
        self
    }

    /// The uncompressed tar, end marks included; its digest is the layer's diff ID.
    pub fn tar(&self) -> Vec<u8> {
        let mut tar = self.tar.clone();
        tar.resize(tar.len() + 1024, 0);
        tar
    }

    /// What travels.
    pub fn blob(&self) -> Vec<u8> {
        let tar = self.tar();
        match self.compression {
            Compression::Plain => tar,
            Compression::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(&tar).expect("memory takes it");
                writer.finish().expect("memory takes it")
            }
            Compression::Zstd => zstd::encode_all(tar.as_slice(), 1).expect("memory takes it"),
        }
    }
}

struct Header<'a> {
    kind: u8,
    name: &'a [u8],
    mode: u32,
    link: &'a [u8],
    size: usize,
    owner: (u64, u64),
    device: (u32, u32),
}

impl Header<'_> {
    fn write(&self, tar: &mut Vec<u8>) {
        let mut block = [0u8; 512];
        let mut text = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        text(0, &self.name[..self.name.len().min(100)]);
        text(100, format!("{:07o}", self.mode).as_bytes());
        text(108, format!("{:07o}", self.owner.0 & 0o7_777_777).as_bytes());
        text(116, format!("{:07o}", self.owner.1 & 0o7_777_777).as_bytes());
        text(124, format!("{:011o}", self.size).as_bytes());
        text(136, format!("{:011o}", 1_700_000_000).as_bytes());
        text(148, b"        ");
        text(156, &[self.kind]);
        text(157, &self.link[..self.link.len().min(100)]);
        text(257, b"ustar\x0000");
        text(329, format!("{:07o}", self.device.0).as_bytes());
        text(337, format!("{:07o}", self.device.1).as_bytes());
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&block);
    }
}

fn append_padded(tar: &mut Vec<u8>, data: &[u8]) {
    tar.extend_from_slice(data);
    tar.resize(tar.len().div_ceil(512) * 512, 0);
}

/// `LENGTH KEY=VALUE\n`, where LENGTH counts itself.
fn pax_record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

/// An image: layers and configuration.
#[derive(Clone)]
pub struct Image {
    /// Lowest first.
    pub layers: Vec<Layer>,
    /// The `config` member of the image configuration.
    pub config: Value,
    /// Docker's media types instead of OCI's.
    pub docker: bool,
    /// Architecture as GOARCH names it.
    pub architecture: String,
}

impl Image {
    /// An image of these layers with an empty configuration.
    pub fn new(layers: Vec<Layer>) -> Image {
        Image { layers, config: json!({}), docker: false, architecture: architecture().to_owned() }
    }

    /// A shell and its tools in one static program; `Err` is the reason why there is none.
    pub fn busybox() -> Result<Image, String> {
        let layer = Layer::busybox()?;
        Ok(Image::new(vec![layer])
            .with("Cmd", json!(["sh"]))
            .with("Env", json!(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])))
    }

    /// Sets one member of the configuration.
    pub fn with(mut self, name: &str, value: Value) -> Image {
        self.config[name] = value;
        self
    }

    /// Adds a layer on top.
    pub fn layer(mut self, layer: Layer) -> Image {
        self.layers.push(layer);
        self
    }

    /// The image configuration as bytes.
    pub fn config_bytes(&self) -> Vec<u8> {
        let diff_ids: Vec<String> = self.layers.iter().map(|layer| digest(&layer.tar())).collect();
        let history: Vec<Value> = self.layers.iter().map(|_| json!({"created_by": "tests"})).collect();
        let config = json!({
            "architecture": self.architecture, "os": "linux", "created": "2024-01-01T00:00:00Z",
            "config": self.config, "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history,
        });
        serde_json::to_vec(&config).expect("JSON")
    }

    /// The media type of the manifest.
    pub fn media_type(&self) -> &'static str {
        if self.docker {
            "application/vnd.docker.distribution.manifest.v2+json"
        } else {
            "application/vnd.oci.image.manifest.v1+json"
        }
    }

    /// The manifest as bytes, for these configuration and layer bytes.
    pub fn manifest_bytes(&self, config: &[u8], blobs: &[Vec<u8>]) -> Vec<u8> {
        let layers: Vec<Value> = std::iter::zip(&self.layers, blobs)
            .map(|(layer, blob)| {
                json!({"mediaType": self.layer_type(layer.compression), "digest": digest(blob), "size": blob.len()})
            })
            .collect();
        let config_type = if self.docker {
            "application/vnd.docker.container.image.v1+json"
        } else {
            "application/vnd.oci.image.config.v1+json"
        };
        let manifest = json!({
            "schemaVersion": 2, "mediaType": self.media_type(), "layers": layers,
            "config": {"mediaType": config_type, "digest": digest(config), "size": config.len()},
        });
        serde_json::to_vec(&manifest).expect("JSON")
    }

    fn layer_type(&self, compression: Compression) -> &'static str {
        match (self.docker, compression) {
            (true, Compression::Plain) => "application/vnd.docker.image.rootfs.diff.tar",
            (true, Compression::Gzip) => "application/vnd.docker.image.rootfs.diff.tar.gzip",
            (true, Compression::Zstd) => "application/vnd.docker.image.rootfs.diff.tar.zstd",
            (false, Compression::Plain) => "application/vnd.oci.image.layer.v1.tar",
            (false, Compression::Gzip) => "application/vnd.oci.image.layer.v1.tar+gzip",
            (false, Compression::Zstd) => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }
}

impl Layer {
    /// Busybox with all its applets, and the few files a user expects.
    pub fn busybox() -> Result<Layer, String> {
        let missing = "needs a static busybox (Debian package busybox-static)";
        let path =
            ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists()).ok_or(missing)?;
        let program = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        if program.windows(11).any(|window| window == b"/ld-linux-x" || window == b"/ld-linux-a") {
            return Err(missing.to_owned());
        }
        let applets = std::process::Command::new(path).arg("--list").output().map_err(|error| error.to_string())?;
        let mut layer = Layer::new();
        for directory in ["bin", "dev", "etc", "home", "proc", "root", "run", "sys", "usr", "usr/bin", "var"] {
            layer = layer.directory(directory, if directory == "root" { 0o700 } else { 0o755 });
        }
        layer = layer
            .directory("tmp", 0o1777)
            .file(
                "etc/passwd",
                0o644,
                "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n\
                                        tester:x:1234:1234:a user:/home/tester:/bin/sh\n",
            )
            .file("etc/group", 0o644, "root:x:0:\nnogroup:x:65534:\ntester:x:1234:\nextra:x:4321:tester\n")
            .file("bin/busybox", 0o755, &program);
        for applet in String::from_utf8_lossy(&applets.stdout).lines().filter(|applet| *applet != "busybox") {
            layer = layer.hardlink(format!("bin/{applet}"), "bin/busybox");
        }
        Ok(layer)
    }
}

/// This machine's architecture as GOARCH names it.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
