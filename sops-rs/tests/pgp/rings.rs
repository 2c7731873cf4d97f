//! The keyrings of GnuPG up to 2.0, read in this process: there is no `gpg` in these tests.

use crate::gnupg::{GnuPg, folder, with};
use crate::peer::peer;
use crate::program::both_ways;

#[test]
fn each_tool_opens_what_the_other_wrote() {
    for algorithms in [("rsa3072", "rsa3072"), ("ed25519", "cv25519")] {
        let home = GnuPg::new();
        let fingerprint = home.generate("one", algorithms, &[]);
        let mut old = folder(&home.as_of_old());
        let rings = home.as_of_old();
        with(&mut old, "GNUPGHOME", rings.path().into());
        with(&mut old, "SOPS_GPG_EXEC", "/nowhere/gpg".into());
        both_ways(&old, &fingerprint);
        let keybox = folder(&home);
        keybox.write("secret.yaml", old.ours(&["encrypt", "-p", &fingerprint, "plain.yaml"]).text());
        assert_eq!(keybox.run(&peer("sops"), &["decrypt", "secret.yaml"], b"").text(), "password: hunter2\n");
        old.write("secret.yaml", keybox.ours(&["encrypt", "-p", &fingerprint, "plain.yaml"]).text());
        assert_eq!(old.ours(&["decrypt", "secret.yaml"]).text(), "password: hunter2\n");
    }
}

#[test]
fn a_key_of_many_is_found_behind_those_that_cannot_be_read() {
    let home = GnuPg::new();
    home.generate("first", ("dsa2048", "elg2048"), &[]);
    let fingerprint = home.generate("second", ("ed25519", "cv25519"), &[]);
    let rings = home.as_of_old();
    let mut old = folder(&rings);
    with(&mut old, "SOPS_GPG_EXEC", "/nowhere/gpg".into());
    both_ways(&old, &fingerprint);
}

#[test]
fn where_there_is_neither_keyring_nor_gpg_both_are_named() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &[]);
    let mut folder = folder(&home);
    folder.write("secret.yaml", folder.ours(&["encrypt", "-p", &fingerprint, "plain.yaml"]).text());
    with(&mut folder, "SOPS_GPG_EXEC", "/nowhere/gpg".into());
    let failure = folder.ours(&["decrypt", "secret.yaml"]).failure(128);
    for expected in ["there is no keyring", "pubring.gpg", "/nowhere/gpg", "install GnuPG"] {
        assert!(failure.contains(expected), "{expected}: {failure}");
    }
}
