//! The library beside `sops` 3.13.3: key groups, the metadata of every kind of key, and files that are written again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "core/config.rs"]
mod config;
#[path = "workspace/folder.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod folder;
#[path = "peers/generate.rs"]
mod generate;
#[path = "core/keys.rs"]
mod keys;
#[path = "workspace/peer.rs"]
mod peer;
#[path = "core/writing.rs"]
mod writing;

use std::io;

use folder::{Ended, Folder};
use futures::executor::block_on;
use peer::peer;
use sops::master_key::age::AgeKeys;
use sops::{Creation, DataKey, Document, Format, Identity, KeyGroup, KeyId};

const NOW: &str = "2026-02-03T04:05:06Z";

/// Bytes that no two draws share, the same on every run.
fn random() -> impl FnMut(&mut [u8]) -> io::Result<()> {
    let mut dice = generate::Dice(4711);
    move |bytes: &mut [u8]| {
        for byte in bytes {
            *byte = u8::try_from(dice.roll(256)).unwrap();
        }
        Ok(())
    }
}

fn sops(folder: &Folder, words: &[&str]) -> Ended {
    folder.run(&peer("sops"), words, b"")
}

/// The identities of `key.txt`.
fn identities(folder: &Folder) -> Vec<Identity> {
    Identity::parse(&folder.read("key.txt")).unwrap()
}

fn group(recipient: &str) -> KeyGroup {
    KeyGroup::new([KeyId::Age(recipient.to_owned())], NOW)
}

fn load(folder: &Folder, name: &str) -> Document {
    Document::load(Format::from_path(&folder.path(name)), folder.read(name).as_bytes()).unwrap()
}

fn save(folder: &Folder, name: &str, document: &Document) {
    folder.write(name, document.emit(document.format(), None).unwrap().as_slice());
}

fn encrypt(document: &Document, groups: &[KeyGroup], shamir_threshold: Option<i64>) -> Document {
    let creation = Creation {
        groups,
        shamir_threshold,
        selector: None,
        allow_unencrypted: false,
        mac_only_encrypted: false,
        now: NOW.parse().unwrap(),
    };
    let keys = AgeKeys::new(Vec::new());
    block_on(document.encrypt(&creation, &[&keys], &mut random())).unwrap().0
}

fn data_key(folder: &Folder, document: &Document) -> DataKey {
    let keys = AgeKeys::new(identities(folder));
    block_on(document.open_data_key(&[&keys], &["age", "pgp"])).unwrap().0.unwrap()
}

/// What the file holds, in its own format.
fn opened(folder: &Folder, document: &Document) -> String {
    let branches = document.decrypt(&data_key(folder, document)).unwrap();
    String::from_utf8(document.format().emit(&branches, None).unwrap().to_vec()).unwrap()
}
