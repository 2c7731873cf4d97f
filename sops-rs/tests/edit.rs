//! `edit` with scripts for editors, beside the original: what the editor sees, what comes of it, and that nothing stays.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "edit/desk.rs"]
mod desk;
#[path = "edit/editors.rs"]
mod editors;
#[path = "edit/files.rs"]
mod files;
#[path = "workspace/folder.rs"]
mod folder;
#[path = "workspace/peer.rs"]
mod peer;
#[path = "edit/signals.rs"]
mod signals;
