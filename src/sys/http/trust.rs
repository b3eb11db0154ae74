//! Which certificates https accepts, and the own one: PEM files.

use std::sync::Arc;

use nix::errno::Errno;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::sys::path::Place;
use crate::sys::{Error, Result, fs};

/// A bundle of all public authorities has a few hundred KiB.
const LARGEST: u64 = 16 << 20;

/// Which certificates are used and accepted.
#[derive(Clone, Default, PartialEq)]
pub struct Trust {
    /// Files with the certificates of the accepted authorities.
    pub ca: Vec<String>,
    /// Files with the own certificate and its key.
    pub own: Option<(String, String)>,
    /// Accept every certificate.
    pub insecure: bool,
}

impl Trust {
    /// The configuration of TLS. Errors: those of reading a file; EINVAL if it has no certificate.
    pub fn config(&self) -> Result<Arc<ClientConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let unusable = |e: rustls::Error| Error::new(Errno::EINVAL).with_detail(e.to_string());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions().map_err(unusable)?;
        let builder = builder.dangerous().with_custom_certificate_verifier(self.verifier(&provider)?);
        let config = match &self.own {
            Some((cert, key)) => {
                let chain = certificates(cert)?;
                let found = PrivateKeyDer::from_pem_slice(&text(key)?)
                    .map_err(|_| Error::new(Errno::EINVAL).with_path(key).with_detail("it has no private key"))?;
                let wrong = format!("it is not the private key of {cert}, or is of an unsupported kind");
                builder
                    .with_client_auth_cert(chain, found)
                    .map_err(|_| Error::new(Errno::EINVAL).with_path(key).with_detail(wrong))?
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<Verifier>> {
        if self.insecure {
            return Ok(Arc::new(Verifier { authorities: None, listed: Vec::new(), provider: provider.clone() }));
        }
        let (mut roots, mut listed) = (RootCertStore::empty(), Vec::new());
        for path in &self.ca {
            let found = certificates(path)?;
            // A bundle may have certificates that this library cannot use.
            roots.add_parsable_certificates(found.iter().cloned());
            listed.extend(found);
        }
        if roots.is_empty() {
            let hint = "install Debian's package ca-certificates, or name a file with `ca`";
            return Err(Error::new(Errno::ENOKEY).with_detail("no authority is accepted for https").with_hint(hint));
        }
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|e| Error::new(Errno::EINVAL).with_detail(e.to_string()))?;
        Ok(Arc::new(Verifier { authorities: Some(authorities), listed, provider: provider.clone() }))
    }
}

fn text(path: &str) -> Result<Vec<u8>> {
    fs::read(Place { root: None, path: path.as_ref() }, LARGEST)
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |detail: &str| Error::new(Errno::EINVAL).with_path(path).with_detail(detail);
    let text = text(path)?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<std::result::Result<Vec<_>, _>>();
    let found = found.map_err(|_| wrong("it is not a PEM file"))?;
    if found.is_empty() { Err(wrong("it has no certificate")) } else { Ok(found) }
}

/// Whether a server used the certificate of an authority as its own, as `openssl req -x509` makes it. The library has no
/// variant for this error.
pub fn is_self_signed(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.0.to_string() == "CaUsedAsEndEntity")
}

/// Accepts the certificates of authorities, and one that is listed itself: many registries use the self-signed one of
/// `openssl req -x509`.
#[derive(Debug)]
struct Verifier {
    /// `None`: every certificate is accepted.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    listed: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        match authorities.verify_server_cert(own, chain, name, ocsp, now) {
            // The library has checked the dates before.
            Err(rustls::Error::InvalidCertificate(error))
                if is_self_signed(&error) && self.listed.iter().any(|listed| listed == own) =>
            {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(own)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
