//! What can go wrong between us and a registry.

use crate::store::error::Printable;
use crate::sys::errno::Words;
use std::io;
use std::path::PathBuf;

/// A failure of a request or of what leads to it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer: name resolution, connection, TLS.
    #[error("Get \"{}\": {}", Printable(url), transport_words(source))]
    Transport {
        /// Without query, which may hold a signature.
        url: String,
        /// reqwest's account, read by [`transport_words`].
        #[source]
        source: reqwest::Error,
    },
    /// The registry refused, with its reason if it gave one.
    #[error("{}", reason(*status, code, message))]
    Status {
        /// HTTP status.
        status: u16,
        /// The distribution API's error code, e.g. `MANIFEST_UNKNOWN`; empty without one.
        code: String,
        /// The registry's words.
        message: String,
    },
    /// A server that is no registry refused.
    #[error("Get \"{}\": {status}", Printable(url))]
    Refused {
        /// Without query.
        url: String,
        /// HTTP status, and its words.
        status: String,
    },
    /// The token server refused.
    #[error("unable to retrieve auth token: {}", reason(*status, "", message))]
    Token {
        /// HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// An answer that does not follow the protocol.
    #[error("unexpected answer from \"{}\": {problem}", Printable(url))]
    Protocol {
        /// Without query.
        url: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// More bytes than such an object may have.
    #[error("\"{}\" is larger than the {limit} bytes allowed", Printable(url))]
    TooLarge {
        /// Without query.
        url: String,
        /// In bytes.
        limit: u64,
    },
    /// The object's bytes have another digest than its name.
    #[error("digest mismatch: expected {expected}, got {actual}")]
    DigestMismatch {
        /// Asked for.
        expected: crate::store::digest::Digest,
        /// Received.
        actual: crate::store::digest::Digest,
    },
    /// A configuration or credentials file cannot be read.
    #[error("cannot read \"{}\": {}", Printable(&path.to_string_lossy()), Words(source))]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write \"{}\": {}", Printable(&path.to_string_lossy()), Words(source))]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A configuration file does not parse.
    #[error("invalid registries configuration \"{}\": {}", Printable(&path.to_string_lossy()), first_line(source.message()))]
    Configuration {
        /// The file.
        path: PathBuf,
        /// The parser's account.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A credentials file does not parse.
    #[error("invalid credentials file \"{}\": {source}", Printable(&path.to_string_lossy()))]
    CredentialsFile {
        /// The file.
        path: PathBuf,
        /// The parser's account.
        #[source]
        source: serde_json::Error,
    },
    /// A credential helper failed.
    #[error("error getting credentials from helper \"docker-credential-{}\": {}", Printable(name), Printable(message))]
    Helper {
        /// Without its prefix.
        name: String,
        /// Its own words, or the system's.
        message: String,
    },
    /// registries.conf forbids this registry.
    #[error("registry {} is blocked in {}", Printable(name), Printable(&path.to_string_lossy()))]
    Blocked {
        /// The prefix.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// A certificate or key of certs.d, or the trust store, is unusable.
    #[error("cannot use certificate file \"{}\"", Printable(&path.to_string_lossy()))]
    Certificate {
        /// The file.
        path: PathBuf,
    },
    /// The TLS library refused its settings.
    #[error("cannot set up TLS: {0}")]
    Tls(#[source] rustls::Error),
    /// The HTTP library refused its settings.
    #[error("cannot set up the HTTP client: {}", transport_words(.0))]
    Client(#[source] reqwest::Error),
    /// `--creds` is not `user[:password]`.
    #[error("credentials can't be empty")]
    EmptyCredentials,
}

/// A break of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A redirect without a usable target.
    #[error("redirect to an address that is not http or https")]
    Redirect,
    /// A chain of redirects without end.
    #[error("too many redirects")]
    Redirects,
    /// A token server that is not on http or https, or would get a password unencrypted.
    #[error("authentication realm is not usable")]
    Realm,
    /// No token in the token server's answer.
    #[error("token server sent no token")]
    NoToken,
    /// JSON that is not what the API defines.
    #[error("not the JSON that the registry API defines")]
    Json,
    /// A range that was not asked for.
    #[error("sent another range than asked for")]
    Range,
    /// A URL that cannot be built from the name.
    #[error("not a valid address")]
    Url,
}

impl Error {
    /// Whether user name or password are wrong, as opposed to the registry being out of reach.
    pub fn is_refused_login(&self) -> bool {
        matches!(self, Error::Status { status: 401 | 403, .. } | Error::Token { status: 401 | 403, .. })
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Status { status: 401 | 403, .. } | Error::Token { status: 401 | 403, .. } => {
                Some("check the name; a private image needs --creds or ~/.config/containers/auth.json".into())
            }
            Error::Status { status: 429, .. } => {
                Some("the registry limits anonymous pulls: give credentials or wait".into())
            }
            Error::Transport { source, .. } => match transport_words(source) {
                words if words.contains("x509") => Some(
                    "trust its certificate in ~/.config/containers/certs.d/HOST/ca.crt, or use --tls-verify=false"
                        .into(),
                ),
                words if words == NOT_TLS => Some("for a registry without TLS use --tls-verify=false".into()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the registry says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::Status { status: 404, .. })
    }
}

fn first_line(text: &str) -> String {
    Printable(text.lines().next().unwrap_or_default()).to_string()
}

/// Podman prints the registry's message, and for the usual codes words of its own.
fn reason(status: u16, code: &str, message: &str) -> String {
    let known = match (code, status) {
        ("MANIFEST_UNKNOWN", _) => "manifest unknown",
        ("NAME_UNKNOWN", _) => "name unknown: repository name not known to registry",
        ("DENIED", _) => "requested access to the resource is denied",
        ("UNAUTHORIZED", _) => "unauthorized: authentication required",
        ("TOOMANYREQUESTS", _) => "toomanyrequests: too many requests to registry",
        _ => "",
    };
    let message = first_line(message);
    match (known, message.as_str(), status) {
        ("manifest unknown", ..) => "manifest unknown".to_owned(),
        ("", "", 401) => "unauthorized: authentication required".to_owned(),
        ("", "", 404) => "manifest unknown".to_owned(),
        ("", "", status) => format!("registry answered with status {status}"),
        ("", message, _) => message.to_owned(),
        (known, "", _) => known.to_owned(),
        (known, message, _) if known.contains(message) || message.contains(known) => known.to_owned(),
        (known, message, _) => format!("{known}: {message}"),
    }
}

/// The innermost cause of a failed request, in the words of the system or of Go's clients.
pub fn transport_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "i/o timeout".into();
    }
    let mut innermost: &(dyn std::error::Error + 'static) = error;
    loop {
        if let Some(tls) = innermost.downcast_ref::<rustls::Error>() {
            return tls_words(tls);
        }
        let io = innermost.downcast_ref::<io::Error>();
        if let Some(io) = io.filter(|io| io.raw_os_error().is_some()) {
            return Words(io).to_string();
        }
        // What an I/O error carries is not its source.
        let carried = io.and_then(io::Error::get_ref).map(|inner| inner as &(dyn std::error::Error + 'static));
        match carried.or(innermost.source()) {
            Some(source) => innermost = source,
            None => break,
        }
    }
    let text = innermost.to_string();
    if text.contains("no record") || text.contains("NXDomain") || text.contains("NoRecords") {
        return "no such host".into();
    }
    first_line(&text)
}

/// Whether the other side speaks TLS but is not believed.
pub fn is_certificate_error(error: &reqwest::Error) -> bool {
    transport_words(error).starts_with("x509: ")
}

/// Whether the other side answers, but not with TLS.
pub fn is_plain_server(error: &reqwest::Error) -> bool {
    transport_words(error) == NOT_TLS
}

const NOT_TLS: &str = "the server does not speak TLS";

fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::UnknownIssuer => "x509: certificate signed by unknown authority".into(),
            Bad::Expired | Bad::ExpiredContext { .. } => "x509: certificate has expired".into(),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => "x509: certificate is not yet valid".into(),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "x509: certificate is not valid for this name".into()
            }
            other => format!("x509: {}", first_line(&other.to_string())),
        },
        rustls::Error::InvalidMessage(_) => NOT_TLS.into(),
        other => format!("tls: {}", first_line(&other.to_string())),
    }
}
