//! A registry in a thread: serves what it is given, and misbehaves where it is told to.

use crate::fixture::{Image, OCI_MANIFEST};
use coracle::store::digest::Digest;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Close the connection after this many bytes of the body.
    pub cut: Option<usize>,
}

impl Response {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response { status, body: body.into(), ..Response::default() }
    }
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    pub fn cut(mut self, at: usize) -> Self {
        self.cut = Some(at);
        self
    }
}

/// What a server does before its usual answer: `None` leaves it to that.
pub type Interference = dyn Fn(&Request, usize) -> Option<Response> + Send + Sync;

#[derive(Default)]
struct Content {
    /// By path, with content type.
    objects: HashMap<String, (String, Vec<u8>)>,
    requests: Vec<Request>,
}

/// A running server; it ends with the test process.
#[derive(Clone)]
pub struct Server {
    pub address: String,
    content: Arc<Mutex<Content>>,
}

impl Server {
    pub fn start() -> Self {
        Server::with(|_, _| None)
    }

    /// `interfere` sees every request with the number of earlier ones for the same path.
    pub fn with(interfere: impl Fn(&Request, usize) -> Option<Response> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { address: listener.local_addr().unwrap().to_string(), content: Arc::default() };
        let copy = server.clone();
        let interfere: Arc<Interference> = Arc::new(interfere);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, interfere) = (copy.clone(), interfere.clone());
                std::thread::spawn(move || server.serve(stream, &*interfere));
            }
        });
        server
    }

    /// A name at this server.
    pub fn name(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    pub fn put(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) {
        self.content.lock().unwrap().objects.insert(path.to_owned(), (content_type.to_owned(), body.into()));
    }

    pub fn put_blob(&self, repository: &str, blob: &[u8]) {
        self.put(&format!("/v2/{repository}/blobs/{}", Digest::of(blob)), "application/octet-stream", blob);
    }

    pub fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, manifest: &str) {
        self.put(&format!("/v2/{repository}/manifests/{tag}"), media_type, manifest);
        self.put(&format!("/v2/{repository}/manifests/{}", Digest::of(manifest.as_bytes())), media_type, manifest);
    }

    pub fn put_image(&self, repository: &str, tag: &str, image: &Image) {
        for layer in &image.layers {
            self.put_blob(repository, &layer.blob);
        }
        self.put_blob(repository, image.config.to_string().as_bytes());
        self.put_manifest(repository, tag, OCI_MANIFEST, &image.manifest.to_string());
    }

    /// The requests so far whose path contains `part`.
    pub fn requests(&self, part: &str) -> Vec<Request> {
        self.content.lock().unwrap().requests.iter().filter(|request| request.path.contains(part)).cloned().collect()
    }

    fn serve(&self, stream: TcpStream, interfere: &Interference) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut stream = stream;
        loop {
            let request = read_request(&mut reader)?;
            let (earlier, object) = {
                let mut content = self.content.lock().unwrap();
                let earlier = content.requests.iter().filter(|known| known.path == request.path).count();
                content.requests.push(request.clone());
                (earlier, content.objects.get(&request.path).cloned())
            };
            let usual = || match object {
                Some((content_type, body)) => ranged(&request, body).header("Content-Type", &content_type),
                None if request.path == "/v2/" => Response::new(200, "{}"),
                None => Response::new(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#),
            };
            let response = interfere(&request, earlier).unwrap_or_else(usual);
            if !write_response(&mut stream, &response)? {
                return None;
            }
        }
    }
}

fn ranged(request: &Request, body: Vec<u8>) -> Response {
    let start =
        request.headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    match start {
        Some(start) if start < body.len() => {
            let range = format!("bytes {start}-{}/{}", body.len() - 1, body.len());
            Response::new(206, &body[start..]).header("Content-Range", &range)
        }
        _ => Response::new(200, body),
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Whether the connection is still good.
fn write_response(stream: &mut TcpStream, response: &Response) -> Option<bool> {
    let mut head = format!("HTTP/1.1 {} x\r\nContent-Length: {}\r\n", response.status, response.body.len());
    for (name, value) in &response.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let sent = &response.body[..response.cut.unwrap_or(response.body.len()).min(response.body.len())];
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(sent).ok()?;
    Some(response.cut.is_none())
}
