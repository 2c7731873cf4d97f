//! Keys of age: against the test vectors of the format, beside `age` 1.3.1 and `sops` 3.13.3, and from every place where
//! a user has them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "age/cross.rs"]
mod cross;
#[expect(dead_code, reason = "these tests make their own recipients")]
#[path = "workspace/folder.rs"]
mod folder;
#[path = "age/keys.rs"]
mod keys;
#[path = "age/locked.rs"]
mod locked;
#[path = "age/originals.rs"]
mod originals;
#[path = "workspace/peer.rs"]
mod peer;
#[path = "age/plugins.rs"]
mod plugins;
#[path = "age/prompt.rs"]
mod prompt;
#[path = "age/sources.rs"]
mod sources;
#[path = "age/vectors.rs"]
mod vectors;
