//! What a push asks of a registry: is a blob there, take this blob, take this manifest.
//!
//! Distribution specification 1.1, "Pushing a blob in chunks" with one chunk: POST for a place, PATCH with the bytes, PUT
//! with the digest. The place (`Location`) may be relative, may be on another host, which then gets no login, and its query
//! is kept. Nothing here follows redirects of uploads: the specification has none.

use super::client::{Repository, same_origin, send, shown, status_error, text_header};
use super::error::{Error, Problem};
use super::{challenge, retry};
use crate::store::digest::Digest;
use reqwest::blocking::{Body, RequestBuilder, Response};
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Method, Url};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::time::Duration;

/// Times that one request answers a 401: for the first login and for a token that has expired.
const LOGIN_LIMIT: u32 = 2;
/// A connection slower than this, in bytes a second, is taken for dead.
const SLOWEST: u64 = 8 << 10;
/// What a request may take beside its body.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request that can be made anew when it has to be sent again.
struct Upload<'r> {
    method: Method,
    url: Url,
    content_type: Option<&'r str>,
    body: Content<'r>,
}

enum Content<'r> {
    Nothing,
    Bytes(&'r [u8]),
    File(&'r File, u64),
}

impl Repository<'_> {
    /// Whether the registry takes the login: `GET /v2/`.
    ///
    /// # Errors
    /// It does not, or does not answer.
    pub fn ping(&self) -> Result<(), Error> {
        let url = self.base()?.clone();
        self.transfer(&Upload { method: Method::GET, url, content_type: None, body: Content::Nothing }).map(|_| ())
    }

    /// Whether the repository has a blob.
    ///
    /// # Errors
    /// The registry does not say.
    pub fn has_blob(&self, digest: &Digest) -> Result<bool, Error> {
        let url = self.url(&format!("blobs/{digest}"))?;
        let asked = Upload { method: Method::HEAD, url, content_type: None, body: Content::Nothing };
        match self.transfer(&asked) {
            Ok(_) => Ok(true),
            Err(Error::Status { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the repository a blob: the whole of `file`, which has `size` bytes. `from` is another repository of this
    /// registry that may have it: then nothing is sent.
    ///
    /// # Errors
    /// The registry does not take it.
    pub fn put_blob(&self, digest: &Digest, file: &File, size: u64, from: Option<&str>) -> Result<(), Error> {
        let mut url = self.url("blobs/uploads/")?;
        if let Some(from) = from {
            url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", from);
        }
        let place = self.transfer(&Upload { method: Method::POST, url, content_type: None, body: Content::Nothing })?;
        if place.status() == 201 {
            return Ok(());
        }
        let body = Content::File(file, size);
        let content_type = Some("application/octet-stream");
        let url = location(&place)?;
        let taken = self.transfer(&Upload { method: Method::PATCH, url, content_type, body })?;
        let mut url = location(&taken)?;
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        self.transfer(&Upload { method: Method::PUT, url, content_type, body: Content::Nothing }).map(|_| ())
    }

    /// Asks for a blob of the repository `from` of the same registry; `false` when that cannot be had.
    ///
    /// # Errors
    /// The registry does not answer.
    pub fn mount_blob(&self, digest: &Digest, from: &str) -> Result<bool, Error> {
        let mut url = self.url("blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", from);
        let answer =
            self.transfer(&Upload { method: Method::POST, url, content_type: None, body: Content::Nothing })?;
        if answer.status() != 201
            && let Ok(url) = location(&answer)
        {
            // The place that was opened instead is not needed; a registry that keeps it forgets it in time.
            let _ = self.transfer(&Upload { method: Method::DELETE, url, content_type: None, body: Content::Nothing });
        }
        Ok(answer.status() == 201)
    }

    /// Puts a manifest in place under `name`, a tag or its digest.
    ///
    /// # Errors
    /// The registry does not take it.
    pub fn put_manifest(&self, name: &str, media_type: &str, content: &[u8]) -> Result<(), Error> {
        let url = self.url(&format!("manifests/{name}"))?;
        let body = Content::Bytes(content);
        self.transfer(&Upload { method: Method::PUT, url, content_type: Some(media_type), body }).map(|_| ())
    }

    /// Sends a request until it is answered, logging in and trying again as often as is sensible.
    fn transfer(&self, upload: &Upload<'_>) -> Result<Response, Error> {
        let scope = self.scope();
        let (mut attempt, mut logins) = (0, 0);
        loop {
            let header = self.login().header(&scope).filter(|_| self.is_own(&upload.url));
            let sent = self.build(upload, header.as_ref()).and_then(|request| send(request, &upload.url));
            let (error, retry_after) = match sent {
                // A redirected HEAD is there, wherever it is.
                Ok(response) if response.status().is_success() || response.status().is_redirection() => {
                    return Ok(response);
                }
                Ok(response) => {
                    if response.status() == 401 && self.is_own(&upload.url) && logins < LOGIN_LIMIT {
                        logins += 1;
                        let values = response.headers().get_all(WWW_AUTHENTICATE);
                        let challenges = challenge::parse(values.iter().map(HeaderValue::as_bytes));
                        if self.login().answer(self.http(), &challenges, &scope, (&upload.url, header.as_ref()))? {
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

    fn is_own(&self, url: &Url) -> bool {
        self.base().is_ok_and(|base| same_origin(base, url))
    }

    fn build(&self, upload: &Upload<'_>, login: Option<&HeaderValue>) -> Result<RequestBuilder, Error> {
        let mut request = self.http().request(upload.method.clone(), upload.url.clone());
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login.clone());
        }
        if let Some(content_type) = upload.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        Ok(match upload.body {
            Content::Nothing if matches!(upload.method, Method::GET | Method::HEAD) => request,
            Content::Nothing => request.header(CONTENT_LENGTH, 0),
            Content::Bytes(bytes) => request.body(bytes.to_vec()),
            Content::File(file, size) => {
                let again = || {
                    let mut file = file.try_clone()?;
                    file.seek(SeekFrom::Start(0))?;
                    Ok(file)
                };
                let file = again().map_err(|source| Error::File { path: "the blob to upload".into(), source })?;
                request.timeout(PATIENCE + Duration::from_secs(size / SLOWEST)).body(Body::sized(file, size))
            }
        })
    }
}

/// Where the next step of an upload goes.
fn location(response: &Response) -> Result<Url, Error> {
    let target = text_header(response.headers(), &LOCATION).and_then(|text| response.url().join(&text).ok());
    match target {
        Some(target) if matches!(target.scheme(), "http" | "https") && target.has_host() => Ok(target),
        _ => Err(Error::Protocol { url: shown(response.url()), problem: Problem::Redirect }),
    }
}
