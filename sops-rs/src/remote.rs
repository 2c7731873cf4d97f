//! What the keys of clouds have in common: one HTTPS client with limits, and the ways to credentials.
//!
//! With these features the library talks to the network, through a client that its caller made. It reads no environment
//! variable and no file, with two exceptions: the credential chain of AWS, which is that of the AWS SDK, and the token file
//! of an Azure workload, which changes while the program runs. Everything else is handed in.

use jiff::Timestamp;

#[cfg(feature = "aws-kms")]
pub mod aws;
#[cfg(feature = "azure-key-vault")]
pub mod azure;
#[cfg(feature = "gcp-kms")]
pub mod gcp;
pub mod http;
#[cfg(feature = "vault-transit")]
pub mod vault;

pub use http::{Http, HttpSettings};

/// Tells the time: signatures and tokens are good for a while only.
pub type Clock = fn() -> Timestamp;
