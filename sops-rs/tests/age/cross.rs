//! Each opens what the other wrote: `age` 1.3.1 for every key type.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use futures::executor::block_on;
use sops::master_key::age::AgeKeys;
use sops::{KeyId, KeyService as _};

use crate::keys::{Pair, stdout};
use crate::peer::peer;
use crate::prompt::Answers;

impl Pair {
    /// A data key of `age`'s making opens here.
    fn theirs_opens(&self, keys: &AgeKeys, plain: &[u8]) {
        fs::write(self.path("plain"), plain).unwrap();
        let (recipient, file) = (self.recipient.as_str(), self.path("plain"));
        let enc = stdout(Command::new(peer("age")).args(["--encrypt", "--armor", "-r", recipient, &file]));
        let opened = block_on(keys.unwrap(&KeyId::Age(self.recipient.clone()), &enc)).unwrap();
        assert_eq!(*opened, plain);
    }

    /// A data key of our making opens with `age`, and here.
    fn ours_opens(&self, keys: &AgeKeys, plain: &[u8]) {
        let id = KeyId::Age(self.recipient.clone());
        let enc = block_on(keys.wrap(&id, plain)).unwrap();
        assert!(enc.ends_with("-----END AGE ENCRYPTED FILE-----\n"));
        fs::write(self.path("enc"), &enc).unwrap();
        let (secret, file) = (self.path("secret"), self.path("enc"));
        let opened = Command::new(peer("age")).args(["--decrypt", "-i", &secret, &file]).output().unwrap();
        assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        assert_eq!(opened.stdout, plain);
        assert_eq!(*block_on(keys.unwrap(&id, &enc)).unwrap(), plain);
    }

    fn agrees(&self, files: usize) {
        let keys = AgeKeys::new(vec![self.identity.clone()]);
        for number in 0..files {
            let plain: Vec<u8> = (0..33).map(|at| u8::try_from((number * 31 + at * 7) % 256).unwrap()).collect();
            let plain = &plain[..32 + number % 2];
            self.theirs_opens(&keys, plain);
            self.ours_opens(&keys, plain);
        }
    }
}

#[test]
fn x25519_both_ways() {
    for _ in 0..30 {
        Pair::native(&[]).agrees(10);
    }
}

#[test]
fn post_quantum_both_ways() {
    for _ in 0..30 {
        let pair = Pair::native(&["-pq"]);
        assert!(pair.recipient.starts_with("age1pq1"));
        assert_eq!(pair.identity.recipient().unwrap().to_string(), pair.recipient);
        pair.agrees(10);
    }
}

#[test]
fn ssh_ed25519_both_ways() {
    for _ in 0..5 {
        Pair::ssh(&["-t", "ed25519"], "").agrees(10);
    }
}

#[test]
fn ssh_rsa_both_ways() {
    for flags in [["-t", "rsa", "-b", "2048"], ["-t", "rsa", "-b", "3072"], ["-t", "rsa", "-b", "4096"]] {
        Pair::ssh(&flags, "").agrees(5);
    }
    Pair::ssh(&["-t", "rsa", "-b", "2048", "-m", "PEM"], "").agrees(5);
}

#[test]
fn the_comment_of_an_ssh_key_is_no_part_of_the_key() {
    let pair = Pair::ssh(&["-t", "ed25519"], "");
    let bare = pair.recipient.strip_suffix(" alice@example.org").unwrap();
    assert_eq!(pair.identity.recipient().unwrap().to_string(), bare);
    let keys = AgeKeys::new(vec![pair.identity.clone()]);
    for recipient in [bare.to_owned(), format!("{bare} alice"), format!("{bare} a b c"), format!(" {bare} ")] {
        let id = KeyId::Age(recipient);
        let enc = block_on(keys.wrap(&id, &[1; 32])).unwrap();
        assert_eq!(*block_on(keys.unwrap(&id, &enc)).unwrap(), [1; 32]);
    }
}

#[test]
fn an_ssh_passphrase_is_asked_for_once_and_only_for_its_own_files() {
    for flags in [["-t", "ed25519"].as_slice(), &["-t", "rsa", "-b", "2048"]] {
        let (pair, other) = (Pair::ssh(flags, "correct horse"), Pair::ssh(flags, ""));
        let user = Arc::new(Answers::with("correct horse"));
        let keys = AgeKeys::new(vec![pair.identity.clone(), other.identity.clone()]).with_dialog(user.clone());
        other.theirs_opens(&keys, &[2; 32]);
        assert_eq!(user.asked(), 0);
        pair.theirs_opens(&keys, &[2; 32]);
        pair.theirs_opens(&keys, &[3; 32]);
        assert_eq!(user.asked(), 1);
    }
}

#[test]
fn an_ssh_passphrase_is_not_needed_where_another_key_opens() {
    let (locked, open) = (Pair::ssh(&["-t", "ed25519"], "correct horse"), Pair::native(&[]));
    let user = Arc::new(Answers::with("battery staple"));
    let keys = AgeKeys::new(vec![locked.identity.clone(), open.identity.clone()]).with_dialog(user.clone());
    fs::write(locked.path("plain"), [4; 32]).unwrap();
    let both = ["--encrypt", "--armor", "-r", &locked.recipient, "-r", &open.recipient, &locked.path("plain")];
    let enc = stdout(Command::new(peer("age")).args(both));
    assert_eq!(*keys.open(enc.as_bytes(), 32).unwrap(), [4; 32]);
    assert_eq!(user.asked(), 0, "nobody is asked while a key opens by itself");
    let alone = AgeKeys::new(vec![locked.identity.clone()]).with_dialog(user);
    let failure = alone.open(enc.as_bytes(), 32).unwrap_err().to_string();
    assert!(failure.contains("the passphrase for secret is wrong"), "{failure}");
}

#[test]
fn tagged_recipients_are_wrapped_for_without_a_plugin() {
    let tag = "age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e";
    let enc = block_on(AgeKeys::default().wrap(&KeyId::Age(tag.to_owned()), &[5; 32])).unwrap();
    let binary = std::io::read_to_string(age::armor::ArmoredReader::new(enc.as_bytes()));
    assert!(enc.len() > 100 && binary.is_err(), "the payload of an age file is no text");
}
