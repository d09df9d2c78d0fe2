//! What can go wrong between us and a server of files, one sentence each.

use plimsoll_model::Digest;

use crate::registry::RegistryError;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum RemoteFileError {
    /// Not an address that can be fetched.
    #[error("'{address}' is no address of a file: {why}")]
    BadAddress {
        /// As written, without its login.
        address: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The connection or the server failed.
    #[error("{}", sentence(.0))]
    Connection(RegistryError),
    /// Other bytes than the checksum promises.
    #[error(
        "{address} has the checksum {found}, and {expected} was expected; if the file was changed on purpose, write the new one"
    )]
    WrongChecksum {
        /// The address.
        address: String,
        /// What came.
        found: Digest,
        /// What was promised.
        expected: Digest,
    },
    /// Beyond the limit.
    #[error("{address} is larger than {limit} bytes; no file that large is fetched")]
    TooLarge {
        /// The address.
        address: String,
        /// The limit.
        limit: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::error::Error),
}

/// The connection is the registry client's; its sentences that speak of registries are put otherwise.
fn sentence(error: &RegistryError) -> String {
    match error {
        RegistryError::NameNotResolved { host } => {
            format!("no address is known for {host}; check its spelling and this machine's network")
        }
        RegistryError::ConnectionRefused { host } => {
            format!("{host} refused the connection; check host and port")
        }
        RegistryError::Certificate { host, why } => format!(
            "the certificate of {host} is not trusted: {why}; add its authority to the system's certificates or to the file SSL_CERT_FILE names"
        ),
        RegistryError::Tls { host, why } => format!("no secure connection to {host}: {why}"),
        RegistryError::Refused { host, asked, told } => {
            format!("{host} did not give {asked}: it answered {told}; check the address")
        }
        RegistryError::BadAnswer { host, asked, why } => {
            format!("{host} answered the request for {asked} in a way no server should: {why}")
        }
        RegistryError::GaveUp { attempts, last } => format!("{} (tried {attempts} times)", sentence(last)),
        other => other.to_string(),
    }
}
