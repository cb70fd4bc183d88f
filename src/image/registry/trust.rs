//! Certificates: whom to believe, and who we are.
//!
//! The system's authorities are read from `SSL_CERT_FILE` and `SSL_CERT_DIR`, else from where distributions keep them.
//! A registry's own authorities (`*.crt`) and our certificate for it (`*.cert` with `*.key`) come from
//! `certs.d/HOST[:PORT]/` as containers-certs.d(5) describes. A machine without authorities can still use registries
//! without TLS, so their absence is no error here.

use super::error::Error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
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
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?;
    let directories = certificate_directories(host);
    let builder = if verify {
        let trusted = Trusted::read(&directories)?;
        let roots = Arc::new(trusted.roots);
        match WebPkiServerVerifier::builder_with_provider(roots, provider).build() {
            Ok(chains) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier { chains, all: trusted.all }))
            }
            // Without any authority nobody is believed.
            Err(_) => builder.with_root_certificates(RootCertStore::empty()),
        }
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

/// Whom we believe.
struct Trusted {
    roots: RootCertStore,
    all: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn read(directories: &[PathBuf]) -> Result<Self, Error> {
        let mut all = system_authorities();
        for path in directories.iter().flat_map(|dir| files_ending(dir, "crt")) {
            let own = certificates(&path)?;
            if own.is_empty() {
                return Err(Error::Certificate { path });
            }
            all.extend(own);
        }
        let mut roots = RootCertStore::empty();
        // Bundles hold a few certificates that rustls does not accept as an authority.
        roots.add_parsable_certificates(all.iter().cloned());
        Ok(Trusted { roots, all })
    }
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

/// Chains of certificates as rustls checks them, and besides a trusted certificate that a server presents as its own.
///
/// Private registries commonly have one self-signed certificate that is authority and server in one, made by
/// `openssl req -x509`. Go's clients accept it when it is trusted; rustls refuses authorities as servers. It does so
/// after checking the dates, so that only the name is left to check here.
#[derive(Debug)]
struct Verifier {
    chains: Arc<WebPkiServerVerifier>,
    all: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.chains.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(other)))
                if other.to_string().contains("CaUsedAsEndEntity") =>
            {
                if !self.all.iter().any(|trusted| trusted == certificate) {
                    return Err(CertificateError::UnknownIssuer.into());
                }
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chains.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chains.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
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
