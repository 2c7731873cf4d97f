//! OpenPGP keys beside the original and GnuPG: what one encrypts, the other opens; by `gpg` and in this process.

#![cfg(all(unix, feature = "pgp"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "workspace/folder.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod folder;
#[path = "pgp/gnupg.rs"]
mod gnupg;
#[path = "pgp/keys.rs"]
mod keys;
#[path = "workspace/peer.rs"]
mod peer;
#[path = "pgp/program.rs"]
mod program;
#[path = "pgp/rings.rs"]
mod rings;
