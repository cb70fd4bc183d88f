//! A file from a web server, for `load` and `import`.
//!
//! What comes is as hostile as what a registry sends, and is checked by whoever reads it.

use super::client::{REDIRECT_LIMIT, http_client, send, shown};
use super::error::{Error, Problem};
use reqwest::Url;
use reqwest::redirect::Policy;
use std::io::Read;

/// Whether `text` names such a file.
pub fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Asks for the file at `url` and returns its bytes as they come. Blocks until the server answers; reading blocks as well. The
/// HTTP library runs a thread for as long as the file is read.
///
/// # Errors
/// No answer, or one that is no success.
pub fn open(url: &str) -> Result<impl Read, Error> {
    let invalid = || Error::Protocol { url: url.to_owned(), problem: Problem::Url };
    let url = Url::parse(url).ok().filter(Url::has_host).ok_or_else(invalid)?;
    let host = url.host_str().ok_or_else(invalid)?;
    let client = http_client(host, true, Policy::limited(REDIRECT_LIMIT as usize))?;
    let response = send(client.get(url.clone()), &url)?;
    match response.status().is_success() {
        true => Ok(response),
        false => Err(Error::Refused { url: shown(&url), status: response.status().to_string() }),
    }
}
