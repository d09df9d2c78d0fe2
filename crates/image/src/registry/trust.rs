//! Which certificate authorities are trusted.
//!
//! Decision: the machine's own bundle, because companies run registries under private authorities and
//! install those there; docker, curl and Go behave the same, so what works with them works here. The
//! Mozilla roots compiled into the binary (`webpki-roots`, about 150 kB) are used only where the machine
//! has no bundle at all, as in a bare initramfs or a CI image without `ca-certificates`: one static
//! file that can still pull. `rustls-platform-verifier` was left out: on Linux it reads these same
//! files, through four more crates.

use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::error::RegistryError;

/// Where trust comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// The machine's bundle, else Mozilla's roots.
    #[default]
    System,
    /// This PEM file and no other (`SSL_CERT_FILE`, read by the roof).
    File(PathBuf),
}

/// Where distributions keep their bundle; the list of Go's `crypto/x509/root_linux.go`.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

impl Trust {
    /// Read the certificates.
    pub(super) fn load(&self) -> Result<RootCerts, RegistryError> {
        match self {
            Trust::File(path) => {
                let bad = |why: String| RegistryError::Roots { path: path.clone(), why };
                let certificates = read_bundle(path).map_err(|error| bad(error.to_string()))?;
                match certificates.is_empty() {
                    true => Err(bad("it holds no PEM certificate".to_string())),
                    false => Ok(certificates.into()),
                }
            }
            Trust::System => {
                let found = BUNDLES.iter().filter_map(|path| read_bundle(Path::new(path)).ok());
                let found = found.into_iter().find(|certificates| !certificates.is_empty());
                Ok(found.map_or(RootCerts::WebPki, RootCerts::from))
            }
        }
    }
}

/// The certificates of a PEM file. Damaged ones are left out, as every TLS library does: a bundle of
/// 140 authorities must not fail for one.
fn read_bundle(path: &Path) -> std::io::Result<Vec<Certificate<'static>>> {
    let pem = std::fs::read(path)?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    Ok(items.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_an_error_that_names_it() {
        let trust = Trust::File(PathBuf::from("/dev/null"));
        let message = trust.load().unwrap_err().to_string();
        assert!(message.contains("/dev/null") && message.contains("no PEM certificate"), "{message}");
        let trust = Trust::File(PathBuf::from("/nowhere/ca.pem"));
        assert!(trust.load().unwrap_err().to_string().contains("/nowhere/ca.pem"));
    }
}
