//! `sops-rs` with keys that are not on this machine: AWS KMS as moto imitates it, a real Vault, key services both ways, and the
//! places that `publish` puts files in; each beside the original. Azure and Google Cloud by the shapes of their references.

mod azure;
mod beside;
mod folder;
mod gcp;
mod keyservice;
mod kms;
mod publish;
mod shapes;
mod vault;
mod web;
