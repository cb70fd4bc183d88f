//! Logging in: from a 401's challenges to an `Authorization` header.
//!
//! Bearer is preferred to Basic. A token is fetched once per scope and used for every request of that scope until the
//! registry refuses it (distribution, `spec/auth/token.md` and `oauth.md`: GET with the password, POST with an identity
//! token). A password goes to an unencrypted token server only when the registry itself is unencrypted.

use super::challenge::Challenge;
use super::credentials::Credentials;
use super::error::{Error, Problem};
use super::{client, credentials};
use base64::Engine;
use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Most bytes of a token server's answer.
const TOKEN_LIMIT_BYTES: u64 = 1 << 20;

/// Where credentials come from.
#[derive(Clone, Debug, Default)]
pub struct CredentialSource {
    /// `--creds`.
    pub given: Option<Credentials>,
    /// `--authfile`.
    pub authfile: Option<PathBuf>,
}

/// The state of being logged in to one registry.
pub struct Login {
    domain: String,
    path: String,
    source: CredentialSource,
    /// The header to send, by scope.
    headers: Mutex<HashMap<String, HeaderValue>>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl Login {
    /// Not logged in yet. `domain` and `path` are those of the repository, by which credentials are found.
    pub fn new(domain: &str, path: &str, source: CredentialSource) -> Self {
        Login { domain: domain.to_owned(), path: path.to_owned(), source, headers: Mutex::default() }
    }

    /// The header for a scope, if there is one already.
    pub fn header(&self, scope: &str) -> Option<HeaderValue> {
        self.headers.lock().unwrap_or_else(PoisonError::into_inner).get(scope).cloned()
    }

    /// Answers the challenges of a 401; `false` when there is nothing (new) to answer with.
    ///
    /// `used` is the header that was refused. Asks the token server and credential helpers.
    pub fn answer(
        &self,
        http: &Client,
        challenges: &[Challenge],
        scope: &str,
        refused: (&Url, Option<&HeaderValue>),
    ) -> Result<bool, Error> {
        let (registry, used) = refused;
        // Another thread may have logged in again meanwhile.
        if used.is_some() && self.header(scope).as_ref() != used {
            return Ok(true);
        }
        let credentials = match &self.source.given {
            Some(given) => Some(given.clone()),
            None => credentials::find(&self.domain, &self.path, self.source.authfile.as_deref())?,
        };
        let by_scheme = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme == scheme);
        let header = if let Some(bearer) = by_scheme("bearer") {
            let token = fetch(http, bearer, scope, credentials.as_ref(), registry)?;
            secret_header("Bearer", &token, registry)?
        } else if let (Some(_), Some(Credentials::Password { username, password })) = (by_scheme("basic"), &credentials)
        {
            secret_header("Basic", &basic(username, password), registry)?
        } else {
            return Ok(false);
        };
        if used == Some(&header) {
            return Ok(false);
        }
        self.headers.lock().unwrap_or_else(PoisonError::into_inner).insert(scope.to_owned(), header);
        Ok(true)
    }
}

fn basic(username: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"))
}

fn secret_header(scheme: &str, secret: &str, url: &Url) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::from_str(&format!("{scheme} {secret}"))
        .map_err(|_| Error::Protocol { url: client::shown(url), problem: Problem::NoToken })?;
    header.set_sensitive(true);
    Ok(header)
}

fn fetch(
    http: &Client,
    challenge: &Challenge,
    scope: &str,
    credentials: Option<&Credentials>,
    registry: &Url,
) -> Result<String, Error> {
    let text = challenge.parameter("realm").unwrap_or_default();
    let unusable = || Error::Protocol { url: text.to_owned(), problem: Problem::Realm };
    let realm: Url = text.parse().map_err(|_| unusable())?;
    let is_downgrade = realm.scheme() == "http" && registry.scheme() == "https";
    if !matches!(realm.scheme(), "http" | "https") || (is_downgrade && credentials.is_some()) {
        return Err(unusable());
    }
    let service = challenge.parameter("service").unwrap_or_default();
    let request = match credentials {
        Some(Credentials::IdentityToken(refresh)) => exchange(http, &realm, service, scope, refresh),
        Some(Credentials::Password { username, password }) => {
            let url = with_query(realm.clone(), &[("account", username), ("service", service), ("scope", scope)]);
            http.get(url).header(AUTHORIZATION, secret_header("Basic", &basic(username, password), &realm)?)
        }
        None => http.get(with_query(realm.clone(), &[("service", service), ("scope", scope)])),
    };
    let response = client::send_retrying(request, &realm)?;
    let status = response.status().as_u16();
    let body = client::read_capped(response, TOKEN_LIMIT_BYTES, &realm)?;
    if !(200..300).contains(&status) {
        return Err(Error::Token { status, message: token_refusal(status, &body) });
    }
    let token: Token = serde_json::from_slice(&body)
        .map_err(|_| Error::Protocol { url: client::shown(&realm), problem: Problem::Json })?;
    match [token.token, token.access_token].into_iter().find(|token| !token.is_empty()) {
        Some(token) => Ok(token),
        None => Err(Error::Protocol { url: client::shown(&realm), problem: Problem::NoToken }),
    }
}

fn token_refusal(status: u16, body: &[u8]) -> String {
    let (_, message) = client::api_error(body);
    match (status, message) {
        (401, message) if message.is_empty() => {
            "invalid username/password: unauthorized: authentication required".into()
        }
        (401, message) => format!("invalid username/password: {message}"),
        (_, message) => message,
    }
}

/// A POST of an identity token (oauth.md, "Refresh token format").
fn exchange(http: &Client, realm: &Url, service: &str, scope: &str, refresh: &str) -> RequestBuilder {
    let fields = [
        ("grant_type", "refresh_token"),
        ("service", service),
        ("client_id", "coracle"),
        ("scope", scope),
        ("refresh_token", refresh),
    ];
    // The query of a URL has the same encoding as a form.
    let mut form = realm.clone();
    form.set_query(None);
    let body = with_query(form, &fields).query().unwrap_or_default().to_owned();
    http.post(realm.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// Adds parameters, leaving empty ones out.
fn with_query(mut url: Url, parameters: &[(&str, &str)]) -> Url {
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        url.query_pairs_mut().append_pair(name, value);
    }
    url
}
