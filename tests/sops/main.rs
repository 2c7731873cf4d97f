//! `sops-rs` with keys that are not on this machine: AWS KMS as moto imitates it, a real Vault, key services both ways, and the
//! places that `publish` puts files in; each beside the original.

mod folder;
mod kms;
mod vault;
