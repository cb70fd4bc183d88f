//! A registry in this process, on loopback, that can misbehave: the OCI distribution specification 1.1 over
//! plain HTTP/1.1, without deletion. Debian's own registry is in [`super::debian`].

use super::image::{Image, digest};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// What goes wrong when a path that contains a given text is asked for.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status with a small JSON error body.
    Status(u16),
    /// This status and `Retry-After: 0`.
    Busy(u16),
    /// The connection is closed after this many bytes of the body.
    Cut(usize),
    /// One byte of the body is changed.
    Flip,
    /// The body goes on with these bytes, and the announced length with it.
    Grow(usize),
    /// A redirect to this address.
    Redirect(String),
    /// The connection stays open and silent until the registry ends.
    Hang,
}

struct Trouble {
    path: String,
    fault: Fault,
    times: usize,
}

#[derive(Default)]
struct State {
    blobs: HashMap<String, Vec<u8>>,
    manifests: HashMap<String, (String, Vec<u8>)>,
    troubles: Vec<Trouble>,
    requests: Vec<Request>,
    /// What has been sent and has no digest yet.
    upload: Vec<u8>,
    credentials: Option<String>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header names in lower case.
    pub headers: HashMap<String, String>,
    /// What was sent.
    pub body: Vec<u8>,
}

/// A running registry; its threads end with the test process.
pub struct Registry {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Registry {
    /// Starts one on a free loopback port.
    pub fn start() -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Registry { address, state }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread of the registry panics")
    }

    /// Adds an image and returns its manifest's digest.
    pub fn put(&self, name: &str, tag: &str, image: &Image) -> String {
        let config = image.config_bytes();
        let blobs: Vec<Vec<u8>> = image.layers.iter().map(|layer| layer.blob()).collect();
        let manifest = image.manifest_bytes(&config, &blobs);
        self.put_blob(&config);
        blobs.iter().for_each(|blob| drop(self.put_blob(blob)));
        self.put_manifest(name, tag, image.media_type(), &manifest)
    }

    /// Adds a blob and returns its digest.
    pub fn put_blob(&self, bytes: &[u8]) -> String {
        let name = digest(bytes);
        self.state().blobs.insert(name.clone(), bytes.to_vec());
        name
    }

    /// Adds a blob under a digest that need not be its own.
    pub fn put_blob_as(&self, name: &str, bytes: &[u8]) {
        self.state().blobs.insert(name.to_owned(), bytes.to_vec());
    }

    /// Adds a manifest or index by tag and digest, and returns the digest.
    pub fn put_manifest(&self, name: &str, tag: &str, media_type: &str, bytes: &[u8]) -> String {
        let sum = digest(bytes);
        for reference in [tag, &sum] {
            let key = format!("{name}/manifests/{reference}");
            self.state().manifests.insert(key, (media_type.to_owned(), bytes.to_vec()));
        }
        sum
    }

    /// Makes the next `times` requests whose path contains `path` go wrong.
    pub fn trouble(&self, path: &str, fault: Fault, times: usize) {
        self.state().troubles.push(Trouble { path: path.to_owned(), fault, times });
    }

    /// Asks for this `user:password` by basic authentication.
    pub fn protect(&self, credentials: &str) {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
        self.state().credentials = Some(format!("Basic {encoded}"));
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let request = read_request(&mut reader)?;
        let reply = answer(&request, state);
        reply.send(&request, &mut writer)?;
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body })
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Bytes of the body that are really sent, when not all.
    cut: Option<usize>,
    hang: bool,
}

impl Reply {
    fn new(status: u16, media_type: &str, body: &[u8]) -> Reply {
        let headers = vec![("Content-Type", media_type.to_owned())];
        Reply { status, headers, body: body.to_vec(), cut: None, hang: false }
    }
    fn error(status: u16, code: &str) -> Reply {
        let body = format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"{code}\"}}]}}");
        Reply::new(status, "application/json", body.as_bytes())
    }

    fn send(mut self, request: &Request, writer: &mut TcpStream) -> Option<()> {
        if self.hang {
            // Held until the client gives up.
            let mut byte = [0u8];
            let _ = std::io::Read::read(writer, &mut byte);
            return None;
        }
        if let Some(from) = request
            .headers
            .get("range")
            .and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse::<usize>().ok())
            && self.status == 200
            && from < self.body.len()
        {
            self.headers.push(("Content-Range", format!("bytes {from}-{}/{}", self.body.len() - 1, self.body.len())));
            self.body.drain(..from);
            self.status = 206;
        }
        let mut head = format!("HTTP/1.1 {} x\r\nContent-Length: {}\r\n", self.status, self.body.len());
        self.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        writer.write_all(format!("{head}\r\n").as_bytes()).ok()?;
        if request.method == "HEAD" {
            return Some(());
        }
        let end = self.cut.unwrap_or(self.body.len()).min(self.body.len());
        writer.write_all(&self.body[..end]).ok()?;
        self.cut.is_none().then_some(())
    }
}

fn answer(request: &Request, state: &Mutex<State>) -> Reply {
    let mut state = state.lock().expect("no thread of the registry panics");
    state.requests.push(request.clone());
    let fault = take_fault(&mut state.troubles, &request.path);
    if state.credentials.is_some() && request.headers.get("authorization") != state.credentials.as_ref() {
        let mut reply = Reply::error(401, "UNAUTHORIZED");
        reply.headers.push(("WWW-Authenticate", "Basic realm=\"tests\"".to_owned()));
        return reply;
    }
    let mut reply = match request.method.as_str() {
        "GET" | "HEAD" => find(&state, &request.path),
        _ => take(&mut state, request),
    };
    match fault {
        None => {}
        Some(Fault::Status(status)) => reply = Reply::error(status, "UNKNOWN"),
        Some(Fault::Busy(status)) => {
            reply = Reply::error(status, "TOOMANYREQUESTS");
            reply.headers.push(("Retry-After", "0".to_owned()));
        }
        Some(Fault::Cut(bytes)) => reply.cut = Some(bytes),
        Some(Fault::Flip) => {
            let middle = reply.body.len() / 2;
            reply.body[middle] ^= 1;
        }
        Some(Fault::Grow(bytes)) => reply.body.resize(reply.body.len() + bytes, b' '),
        Some(Fault::Redirect(to)) => {
            reply = Reply::error(307, "REDIRECT");
            reply.headers.push(("Location", to));
        }
        Some(Fault::Hang) => reply.hang = true,
    }
    reply
}

fn take_fault(troubles: &mut [Trouble], path: &str) -> Option<Fault> {
    let trouble = troubles.iter_mut().find(|trouble| trouble.times > 0 && path.contains(&trouble.path))?;
    trouble.times -= 1;
    Some(trouble.fault.clone())
}

/// One step of a push (distribution specification, "Pushing a blob in chunks").
fn take(state: &mut State, request: &Request) -> Reply {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut reply = Reply::new(202, "text/plain", b"");
    let Some((name, _)) = path.strip_prefix("/v2/").and_then(|path| path.split_once("/blobs/uploads/")) else {
        let Some(name) = path.strip_prefix("/v2/").filter(|name| name.contains("/manifests/")) else {
            return Reply::error(404, "NOT_FOUND");
        };
        let media_type = request.headers.get("content-type").cloned().unwrap_or_default();
        state.manifests.insert(name.to_owned(), (media_type, request.body.clone()));
        reply.status = 201;
        return reply;
    };
    let sum = query.split('&').find_map(|pair| pair.strip_prefix("digest=")).map(|sum| sum.replace("%3A", ":"));
    match (request.method.as_str(), sum) {
        ("POST", _) => state.upload.clear(),
        ("PATCH", _) => state.upload.extend(&request.body),
        ("PUT", Some(sum)) if digest(&state.upload) == sum => {
            let blob = std::mem::take(&mut state.upload);
            state.blobs.insert(sum, blob);
            reply.status = 201;
        }
        _ => return Reply::error(400, "DIGEST_INVALID"),
    }
    // Relative, and with a query that has to be kept.
    reply.headers.push(("Location", format!("/v2/{name}/blobs/uploads/here?state=kept")));
    if request.method != "POST" && !query.contains("state=kept") {
        return Reply::error(400, "BLOB_UPLOAD_INVALID");
    }
    reply
}

fn find(state: &State, path: &str) -> Reply {
    let path = path.split('?').next().unwrap_or_default();
    let Some(rest) = path.strip_prefix("/v2/") else { return Reply::error(404, "NOT_FOUND") };
    if rest.is_empty() {
        return Reply::new(200, "application/json", b"{}");
    }
    if let Some(name) = rest.strip_suffix("/tags/list") {
        let prefix = format!("{name}/manifests/");
        let tags: Vec<&str> = state
            .manifests
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix))
            .filter(|tag| !tag.contains(':'))
            .collect();
        let body = serde_json::json!({"name": name, "tags": tags}).to_string();
        return Reply::new(200, "application/json", body.as_bytes());
    }
    if let Some((_, sum)) = rest.split_once("/blobs/") {
        return match state.blobs.get(sum) {
            Some(bytes) => Reply::new(200, "application/octet-stream", bytes),
            None => Reply::error(404, "BLOB_UNKNOWN"),
        };
    }
    match state.manifests.get(rest) {
        Some((media_type, bytes)) => {
            let mut reply = Reply::new(200, media_type, bytes);
            reply.headers.push(("Docker-Content-Digest", digest(bytes)));
            reply
        }
        None => Reply::error(404, "MANIFEST_UNKNOWN"),
    }
}
