//! TLS for clients, by rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// A certificate or its key cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or contains nothing of the kind.
    #[error("cannot read '{}'", .0.display())]
    Read(PathBuf, #[source] pem::Error),
    /// The certificate and the key do not belong together, or are of no kind that is supported.
    #[error("cannot use the certificate '{}'", .0.display())]
    Certificate(PathBuf, #[source] rustls::Error),
}

/// A certificate with its key.
#[derive(Debug, Clone)]
pub struct Tls(pub(crate) Arc<ServerConfig>);

impl Tls {
    /// Reads a certificate, with those of its authorities, and its private key, all in PEM.
    ///
    /// # Errors
    ///
    /// See [`TlsError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read_certificates = || CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>();
        let chain = read_certificates().map_err(|error| TlsError::Read(certificate.to_owned(), error))?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Read(key.to_owned(), error))?;
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| TlsError::Certificate(certificate.to_owned(), error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}
