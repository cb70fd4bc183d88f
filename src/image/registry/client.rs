//! Requests to one registry.
//!
//! Redirects are followed here rather than by the HTTP library, so that the `Authorization` header goes to the
//! registry and nowhere else. Every answer is read up to a limit; blobs are streamed by [`super::blob`]. The library
//! runs its connections on a thread of its own, which ends when the client is dropped.
//!
//! Plain HTTP is spoken to a registry that registries.conf or `--tls-verify=false` calls insecure, and to one on the
//! loopback device, in both cases only when it does not answer with TLS.

use super::challenge;
use super::error::{Error, Problem, is_certificate_error, is_plain_server};
use super::token::{CredentialSource, Login};
use super::{retry, trust};
use crate::image::manifest::{DOCKER_INDEX, DOCKER_MANIFEST, MANIFEST_LIMIT_BYTES, OCI_INDEX, OCI_MANIFEST};
use crate::image::progress::Progress;
use crate::image::reference::Reference;
use crate::store::digest::Digest;
use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, LOCATION, RANGE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::redirect::Policy;
use serde::Deserialize;
use std::io::Read;
use std::sync::OnceLock;
use std::time::Duration;

/// Longest time without a byte from the other side.
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// Longest time to connect.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// Redirects followed for one request (Go's clients: 10).
pub(super) const REDIRECT_LIMIT: u32 = 10;
/// Most bytes of an error's body.
const ERROR_LIMIT_BYTES: u64 = 64 << 10;
/// Pages of a tag list that are read.
const PAGE_LIMIT: usize = 1000;
/// Times that one request answers a 401: for the first login and for a token that has expired.
const LOGIN_LIMIT: u32 = 2;

/// How to reach a registry.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--tls-verify`, or registries.conf's opinion; `None` verifies, with plain HTTP allowed on loopback.
    pub tls_verify: Option<bool>,
    /// Credentials.
    pub credentials: CredentialSource,
}

/// One repository at one registry.
pub struct Repository<'a> {
    reference: Reference,
    http: Client,
    login: Login,
    /// Whether plain HTTP will do.
    may_be_plain: bool,
    base: OnceLock<Url>,
    /// What a token is to allow.
    scope: String,
    progress: &'a dyn Progress,
}

/// A manifest or index as received.
#[derive(Debug)]
pub struct Received {
    /// The bytes.
    pub content: Vec<u8>,
    /// Their digest, equal to the one asked for if that was a digest.
    pub digest: Digest,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
}

/// A client for requests to `host` and to where its answers lead. Reads certificates, sends nothing.
pub(super) fn http_client(host: &str, verify: bool, redirects: Policy) -> Result<Client, Error> {
    let mut builder = Client::builder()
        .user_agent(concat!("coracle/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects)
        .referer(false)
        .timeout(STALL_LIMIT)
        .connect_timeout(CONNECT_LIMIT)
        .tls_backend_preconfigured(trust::client_config(host, verify)?);
    if is_loopback(host) {
        // As Go's clients do: no proxy can reach this machine's loopback.
        builder = builder.no_proxy();
    }
    builder.build().map_err(Error::Client)
}

struct Request<'r> {
    url: Url,
    accept: &'r [&'r str],
    /// First byte wanted.
    offset: u64,
}

impl<'a> Repository<'a> {
    /// Prepares for the repository of `reference`. Reads certificates, sends nothing.
    pub fn new(reference: Reference, options: &Options, progress: &'a dyn Progress) -> Result<Self, Error> {
        let domain = reference.domain();
        let verify = options.tls_verify.unwrap_or(true);
        let is_local = is_loopback(domain);
        Ok(Repository {
            http: http_client(domain, verify, Policy::none())?,
            login: Login::new(domain, reference.path(), options.credentials.clone()),
            may_be_plain: !verify || (is_local && options.tls_verify.is_none()),
            base: OnceLock::new(),
            scope: format!("repository:{}:pull", reference.path()),
            reference,
            progress,
        })
    }

    /// The same for uploads too.
    pub fn for_push(mut self) -> Self {
        self.scope = format!("repository:{}:pull,push", self.reference.path());
        self
    }

    /// The same for a login that names no repository.
    pub fn for_login(mut self) -> Self {
        self.scope.clear();
        self
    }

    /// What is asked for.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The manifest or index that a tag or digest names.
    ///
    /// # Errors
    /// [`Error::DigestMismatch`] when a digest was asked for and something else came.
    pub fn manifest(&self, wanted: &str) -> Result<Received, Error> {
        let url = self.url(&format!("manifests/{wanted}"))?;
        let accept = [OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST];
        let response = self.get(Request { url: url.clone(), accept: &accept, offset: 0 })?;
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let content = read_capped(response, MANIFEST_LIMIT_BYTES, &url)?;
        let digest = Digest::of(&content);
        match wanted.parse::<Digest>() {
            Ok(expected) if expected != digest => Err(Error::DigestMismatch { expected, actual: digest }),
            _ => Ok(Received { content, digest, content_type }),
        }
    }

    /// A small blob, whole and verified.
    pub fn small_blob(&self, digest: &Digest, limit_bytes: u64) -> Result<Vec<u8>, Error> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let response = self.get(Request { url: url.clone(), accept: &[], offset: 0 })?;
        let content = read_capped(response, limit_bytes, &url)?;
        let actual = Digest::of(&content);
        if actual == *digest { Ok(content) } else { Err(Error::DigestMismatch { expected: *digest, actual }) }
    }

    /// Starts the transfer of a blob from `offset` on; the answer's status says whether the registry starts there
    /// (206) or at the beginning (200).
    pub fn blob(&self, digest: &Digest, offset: u64) -> Result<Response, Error> {
        self.get(Request { url: self.url(&format!("blobs/{digest}"))?, accept: &[], offset })
    }

    /// All tags of the repository, in the registry's order.
    pub fn tags(&self) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let mut url = self.url("tags/list")?;
        let mut tags = Vec::new();
        for _ in 0..PAGE_LIMIT {
            let response = self.get(Request { url: url.clone(), accept: &[], offset: 0 })?;
            let next = next_page(response.headers(), &url);
            let content = read_capped(response, MANIFEST_LIMIT_BYTES, &url)?;
            let page: Page = serde_json::from_slice(&content)
                .map_err(|_| Error::Protocol { url: shown(&url), problem: Problem::Json })?;
            tags.extend(page.tags.unwrap_or_default().into_iter().filter(|tag| crate::image::reference::is_tag(tag)));
            match next {
                // The next page is asked for with our login, so it has to be at the same place.
                Some(next) if same_origin(&next, &url) => url = next,
                _ => break,
            }
        }
        Ok(tags)
    }

    /// Reports a pause before something is tried again.
    pub(super) fn note_retry(&self, error: &Error, pause: Duration) {
        self.progress.note(&format!("{error}: trying again in {} s", pause.as_secs_f32()));
    }

    pub(super) fn url(&self, rest: &str) -> Result<Url, Error> {
        let path = format!("/v2/{}/{rest}", self.reference.path());
        let base = self.base()?;
        base.join(&path).map_err(|_| Error::Protocol { url: path, problem: Problem::Url })
    }

    /// `https://HOST`, or `http://HOST` where that is allowed and nothing else is spoken. Asks once.
    pub(super) fn base(&self) -> Result<&Url, Error> {
        if let Some(base) = self.base.get() {
            return Ok(base);
        }
        let domain = self.reference.domain();
        let host = if domain == "docker.io" { "registry-1.docker.io" } else { domain };
        let at = |scheme: &str| -> Result<Url, Error> {
            let url = format!("{scheme}://{host}/v2/");
            url.parse().map_err(|_| Error::Protocol { url, problem: Problem::Url })
        };
        let secure = at("https")?;
        let base = match self.may_be_plain.then(|| self.http.get(secure.clone()).send()) {
            None | Some(Ok(_)) => secure,
            Some(Err(source)) => {
                let plain = at("http")?;
                if is_certificate_error(&source) {
                    return Err(Error::Transport { url: shown(&secure), source: source.without_url() });
                }
                match self.http.get(plain.clone()).send() {
                    Ok(_) => plain,
                    // Somebody is there, but without TLS: then plain HTTP is what has failed.
                    Err(cause) if is_plain_server(&source) => {
                        return Err(Error::Transport { url: shown(&plain), source: cause.without_url() });
                    }
                    Err(_) => return Err(Error::Transport { url: shown(&secure), source: source.without_url() }),
                }
            }
        };
        Ok(self.base.get_or_init(|| base))
    }

    pub(super) fn scope(&self) -> String {
        self.scope.clone()
    }

    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    pub(super) fn http(&self) -> &Client {
        &self.http
    }

    /// Sends a request until it succeeds, logging in and trying again as often as is sensible.
    fn get(&self, request: Request<'_>) -> Result<Response, Error> {
        let scope = self.scope();
        let (mut attempt, mut logins) = (0, 0);
        loop {
            let header = self.login.header(&scope);
            let (error, retry_after) = match self.follow(&request, header.as_ref()) {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let is_ours = same_origin(response.url(), &request.url);
                    if response.status() == 401 && is_ours && logins < LOGIN_LIMIT {
                        logins += 1;
                        let values = response.headers().get_all(WWW_AUTHENTICATE);
                        let challenges = challenge::parse(values.iter().map(HeaderValue::as_bytes));
                        let refused = (&request.url, header.as_ref());
                        if self.login.answer(&self.http, &challenges, &scope, refused)? {
                            continue;
                        }
                    }
                    let retry_after = text_header(response.headers(), &RETRY_AFTER);
                    let status = response.status().as_u16();
                    let error = status_error(response);
                    if !retry::is_transient(status) {
                        return Err(error);
                    }
                    (error, retry_after)
                }
                Err(Error::Transport { url, source }) if is_temporary(&source) => {
                    (Error::Transport { url, source }, None)
                }
                Err(error) => return Err(error),
            };
            if attempt + 1 >= retry::ATTEMPTS {
                return Err(error);
            }
            let pause = retry::pause(attempt, retry_after.as_deref());
            self.note_retry(&error, pause);
            std::thread::sleep(pause);
            attempt += 1;
        }
    }

    /// Sends a request and follows redirects. Only the registry itself gets the login.
    fn follow(&self, request: &Request<'_>, login: Option<&HeaderValue>) -> Result<Response, Error> {
        let mut url = request.url.clone();
        for _ in 0..REDIRECT_LIMIT {
            let mut builder = self.http.get(url.clone());
            for media_type in request.accept {
                builder = builder.header(ACCEPT, *media_type);
            }
            if request.offset > 0 {
                builder = builder.header(RANGE, format!("bytes={}-", request.offset));
            }
            if let Some(login) = login.filter(|_| same_origin(&url, &request.url)) {
                builder = builder.header(AUTHORIZATION, login.clone());
            }
            let response = send(builder, &url)?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let target = text_header(response.headers(), &LOCATION).and_then(|location| url.join(&location).ok());
            url = match target {
                Some(target) if matches!(target.scheme(), "http" | "https") && target.has_host() => target,
                _ => return Err(Error::Protocol { url: shown(&url), problem: Problem::Redirect }),
            };
        }
        Err(Error::Protocol { url: shown(&request.url), problem: Problem::Redirects })
    }
}

pub(super) fn send(builder: RequestBuilder, url: &Url) -> Result<Response, Error> {
    builder.send().map_err(|source| Error::Transport { url: shown(url), source: source.without_url() })
}

/// Sends a request to a token server, again after a pause when it is overloaded or the connection drops.
pub(super) fn send_retrying(builder: RequestBuilder, url: &Url) -> Result<Response, Error> {
    let mut attempt = 0;
    loop {
        let copy = builder.try_clone().ok_or(Error::Protocol { url: shown(url), problem: Problem::Url })?;
        let result = send(copy, url);
        let retry_after = match &result {
            Ok(response) if retry::is_transient(response.status().as_u16()) => {
                text_header(response.headers(), &RETRY_AFTER)
            }
            Err(Error::Transport { source, .. }) if is_temporary(source) => None,
            _ => return result,
        };
        if attempt + 1 >= retry::ATTEMPTS {
            return result;
        }
        std::thread::sleep(retry::pause(attempt, retry_after.as_deref()));
        attempt += 1;
    }
}

/// Whether another attempt may succeed: not when nobody listens, the name does not exist or TLS fails.
fn is_temporary(error: &reqwest::Error) -> bool {
    !error.is_builder() && (!error.is_connect() || error.is_timeout())
}

pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    (a.scheme(), a.host_str(), a.port_or_known_default()) == (b.scheme(), b.host_str(), b.port_or_known_default())
}

/// Whether a registry's host (with or without port) is this machine.
pub fn is_loopback(domain: &str) -> bool {
    let host = match domain.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => domain.split(':').next().unwrap_or(domain),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// A URL for messages: without query and password.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    // Both fail only for URLs that cannot have either.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

/// An answer's body, if it has at most `limit` bytes.
pub(super) fn read_capped(response: Response, limit: u64, url: &Url) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    match response.take(limit + 1).read_to_end(&mut content) {
        Ok(_) if content.len() as u64 > limit => Err(Error::TooLarge { url: shown(url), limit }),
        Ok(_) => Ok(content),
        Err(error) => match error.into_inner().map(|inner| inner.downcast::<reqwest::Error>()) {
            Some(Ok(source)) => Err(Error::Transport { url: shown(url), source: *source }),
            _ => Err(Error::Protocol { url: shown(url), problem: Problem::Json }),
        },
    }
}

pub(super) fn status_error(response: Response) -> Error {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // An unreadable explanation leaves the status to speak for itself.
    let _ = response.take(ERROR_LIMIT_BYTES).read_to_end(&mut body);
    let (code, message) = api_error(&body);
    Error::Status { status, code, message }
}

/// Code and message of the distribution API's error body; empty when it is something else.
pub(super) fn api_error(body: &[u8]) -> (String, String) {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        errors: Vec<Item>,
        details: String,
        message: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Item {
        code: String,
        message: String,
    }
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    match body.errors.into_iter().next() {
        Some(item) => (item.code, item.message),
        None => {
            (String::new(), [body.details, body.message].into_iter().find(|text| !text.is_empty()).unwrap_or_default())
        }
    }
}

pub(super) fn text_header(headers: &HeaderMap, name: &reqwest::header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The target of `Link: <...>; rel="next"` (RFC 8288), relative to `url`.
fn next_page(headers: &HeaderMap, url: &Url) -> Option<Url> {
    let link = text_header(headers, &LINK)?;
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    parameters.contains("next").then(|| url.join(target).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_recognised() {
        for (domain, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("x.localhost", true),
            ("127.0.0.1:80", true),
            ("127.9.9.9", true),
            ("[::1]:5000", true),
            ("[fe80::1]", false),
            ("localhost.example", false),
            ("128.0.0.1", false),
            ("127.0.0.1.example", false),
        ] {
            assert_eq!(is_loopback(domain), expected, "{domain}");
        }
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let same = |a: &str, b: &str| same_origin(&a.parse().unwrap(), &b.parse().unwrap());
        assert!(same("https://a/x", "https://a:443/y"));
        assert!(
            !same("https://a/", "http://a/")
                && !same("https://a/", "https://a:444/")
                && !same("https://a/", "https://b/")
        );
    }

    #[test]
    fn secrets_in_urls_are_not_shown() {
        assert_eq!(shown(&"https://u:p@a/b?sig=1".parse().unwrap()), "https://a/b");
    }

    #[test]
    fn error_bodies_are_read() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"a":1}}]}"#,
                ("MANIFEST_UNKNOWN", "manifest unknown"),
            ),
            (r#"{"details":"incorrect username or password"}"#, ("", "incorrect username or password")),
            ("<html>", ("", "")),
            (r#"{"errors":"x"}"#, ("", "")),
        ] {
            assert_eq!(api_error(body.as_bytes()), (expected.0.into(), expected.1.into()));
        }
    }
}
