//! Certificates: whom to believe, and who we are.
//!
//! The system's authorities are read from `SSL_CERT_FILE` and `SSL_CERT_DIR`, else from where distributions keep them.
//! A registry's own authorities (`*.crt`) and our certificate for it (`*.cert` with `*.key`) come from
//! `certs.d/HOST[:PORT]/` as containers-certs.d(5) describes. A machine without authorities can still use registries
//! without TLS, so their absence is no error here.

use super::error::Error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bundles of authorities, as distributions name them; the first that exists is used.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/cacert.pem",
];

/// TLS settings for one registry. `host` includes the port if one was given.
pub fn client_config(host: &str, verify: bool) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?;
    let directories = certificate_directories(host);
    let builder = if verify {
        builder.with_root_certificates(authorities(&directories)?)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    };
    let mut config = match own_certificate(&directories)? {
        Some((certificates, key)) => builder.with_client_auth_cert(certificates, key).map_err(Error::Tls)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The directories of certs.d that exist for a registry, the user's first.
fn certificate_directories(host: &str) -> Vec<PathBuf> {
    let user = dirs::config_dir().map(|dir| dir.join("containers/certs.d"));
    let system = ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(PathBuf::from);
    user.into_iter().chain(system).map(|dir| dir.join(host)).filter(|dir| dir.is_dir()).collect()
}

fn authorities(directories: &[PathBuf]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for certificate in system_authorities() {
        // Bundles hold a few certificates that rustls does not accept as an authority.
        let _ = store.add(certificate);
    }
    for path in directories.iter().flat_map(|dir| files_ending(dir, "crt")) {
        let before = store.len();
        for certificate in certificates(&path)? {
            let _ = store.add(certificate);
        }
        if store.len() == before {
            return Err(Error::Certificate { path });
        }
    }
    Ok(store)
}

fn system_authorities() -> Vec<CertificateDer<'static>> {
    let file = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let directory = std::env::var_os("SSL_CERT_DIR");
    let lenient = |path: &Path| certificates(path).unwrap_or_default();
    if file.is_none() && directory.is_none() {
        let bundle = BUNDLES.iter().map(Path::new).find(|path| path.exists());
        return match bundle {
            Some(bundle) => lenient(bundle),
            None => directory_authorities(Path::new("/etc/ssl/certs")),
        };
    }
    let from_file = file.as_deref().map(lenient).unwrap_or_default();
    let directories =
        directory.as_deref().map(|list| std::env::split_paths(list).collect::<Vec<_>>()).unwrap_or_default();
    from_file.into_iter().chain(directories.iter().flat_map(|dir| directory_authorities(dir))).collect()
}

fn directory_authorities(directory: &Path) -> Vec<CertificateDer<'static>> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut all: Vec<_> = entries
        .flatten()
        .filter(|e| e.path().is_file())
        .flat_map(|e| certificates(&e.path()).unwrap_or_default())
        .collect();
    // The same certificate has several names there.
    all.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
    all.dedup();
    all
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unusable = || Error::Certificate { path: path.to_owned() };
    let content = std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    CertificateDer::pem_slice_iter(&content).collect::<Result<_, _>>().map_err(|_| unusable())
}

/// A certificate chain and its key.
type OwnCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn own_certificate(directories: &[PathBuf]) -> Result<Option<OwnCertificate>, Error> {
    let Some(path) = directories.iter().flat_map(|dir| files_ending(dir, "cert")).next() else { return Ok(None) };
    let key_path = path.with_extension("key");
    let key = PrivateKeyDer::from_pem_file(&key_path).map_err(|_| Error::Certificate { path: key_path })?;
    Ok(Some((certificates(&path)?, key)))
}

fn files_ending(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort_unstable();
    files
}

/// `--tls-verify=false`: encryption with whoever answers.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
