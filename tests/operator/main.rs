//! The operator as a program of its own against a real API server, with exactly the rights of `deploy/`. Every test has an
//! installation and a namespace of its own, so all of them run at once.

mod advisories;
mod bad_input;
mod canary;
mod election;
mod external_secret;
mod faults;
mod handover;
mod keyring;
mod keys;
mod kubeseal_rs;
mod matrix;
mod preview;
mod rbac;
mod resealing;
mod restart;
mod scene;
mod sealed_secret;
mod sealing;
mod sops_secret;
mod takeover;
