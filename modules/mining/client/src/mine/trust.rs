//! Whose certificates are believed: those of the authorities that browsers know, or what stands in a file that the person named.
//!
//! It must not know sockets. Invariant: a certificate that the person named itself is believed as it is, whatever it says of its use,
//! its name or its time, because nothing else vouches for it; any other needs an authority, the right name and the present time.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Whose certificates are believed.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl std::fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Trust")
    }
}

impl Trust {
    /// Certificates in a PEM file, of servers or of authorities, or without one those of the authorities that browsers know.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn new(file: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let mut named = Vec::new();
        match file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let bytes = std::fs::read(path)?;
                for certificate in CertificateDer::pem_slice_iter(&bytes) {
                    named.push(certificate.map_err(|error| Error::new(ErrorKind::InvalidData, error.to_string()))?);
                }
                if named.is_empty() {
                    return Err(Error::new(ErrorKind::InvalidData, no_certificate(&bytes)));
                }
                // What cannot be an authority may still be a server's.
                roots.add_parsable_certificates(named.iter().cloned());
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let authorities = match roots.is_empty() {
            true => None,
            false => {
                let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
                Some(built.map_err(Error::other)?)
            }
        };
        let verifier = Verifier { named, authorities, provider: Arc::clone(&provider) };
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = versions.map_err(Error::other)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        Ok(Self(Arc::new(config.with_no_client_auth())))
    }

    /// For a connection.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

/// What a file is that holds no certificate.
fn no_certificate(bytes: &[u8]) -> &'static str {
    match PrivateKeyDer::from_pem_slice(bytes) {
        Ok(_) => "it holds a private key and no certificate",
        Err(_) => "it holds no certificate in PEM form",
    }
}

/// The same error, in words for people if it is one of TLS, by whichever call it came.
pub(super) fn in_words(error: Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(of_tls) => Error::new(error.kind(), sentence_of(of_tls)),
        None => error,
    }
}

/// What is wrong with a connection over TLS, and what helps.
fn sentence_of(error: &rustls::Error) -> String {
    let what = match error {
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            "the pool's certificate is for another name: use that one in `--pool`, or name the file with `--tls-roots`"
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the pool's certificate has expired"
        }
        rustls::Error::InvalidCertificate(_) => {
            "no authority that is known vouches for the pool's certificate: if you trust it, name its file with `--tls-roots`"
        }
        rustls::Error::InvalidMessage(_) => {
            "the pool does not speak TLS at this port: name its port for TLS, or leave `--tls` and `--tls-roots` out"
        }
        other => return format!("TLS: {other}"),
    };
    what.to_owned()
}

#[derive(Debug)]
struct Verifier {
    named: Vec<CertificateDer<'static>>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if self.named.iter().any(|named| named.as_ref() == end_entity.as_ref()) {
            return Ok(ServerCertVerified::assertion());
        }
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let authorities = self.authorities.as_ref().ok_or(unknown)?;
        authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
