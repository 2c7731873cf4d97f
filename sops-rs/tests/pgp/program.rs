//! The program `gpg`, with keys in a keybox and with the agent.

use std::fs;

use crate::folder::Folder;
use crate::gnupg::{GnuPg, folder, messages, script, with};
use crate::peer::peer;

const PLAIN: &str = "password: hunter2\n";

/// Both tools encrypt for these keys, each opens what the other wrote.
#[track_caller]
pub(crate) fn both_ways(folder: &Folder, fingerprints: &str) {
    let sops = peer("sops");
    folder.write("ours.yaml", folder.ours(&["encrypt", "-p", fingerprints, "plain.yaml"]).text());
    assert_eq!(folder.run(&sops, &["decrypt", "ours.yaml"], b"").text(), PLAIN);
    assert_eq!(folder.ours(&["decrypt", "ours.yaml"]).text(), PLAIN);
    folder.write("theirs.yaml", folder.run(&sops, &["encrypt", "-p", fingerprints, "plain.yaml"], b"").text());
    assert_eq!(folder.ours(&["decrypt", "theirs.yaml"]).text(), PLAIN);
}

#[test]
fn each_tool_opens_what_the_other_wrote() {
    for algorithms in [("rsa3072", "rsa3072"), ("ed25519", "cv25519")] {
        let home = GnuPg::new();
        let fingerprint = home.generate("one", algorithms, &[]);
        both_ways(&folder(&home), &fingerprint);
    }
}

#[test]
fn one_of_several_keys_is_enough() {
    let (home, other, nobody) = (GnuPg::new(), GnuPg::new(), GnuPg::new());
    let one = home.generate("one", ("ed25519", "cv25519"), &[]);
    let two = other.generate("two", ("ed25519", "cv25519"), &[]);
    home.run(&["--import"], &other.public("two"));
    let writer = folder(&home);
    let text = writer.ours(&["encrypt", "-p", &format!("{two}, {one}"), "plain.yaml"]).text();
    assert_eq!(messages(&text).len(), 2);
    for reader in [&home, &other] {
        let reader = folder(reader);
        reader.write("secret.yaml", &text);
        assert_eq!(reader.ours(&["decrypt", "secret.yaml"]).text(), PLAIN);
        assert_eq!(reader.run(&peer("sops"), &["decrypt", "secret.yaml"], b"").text(), PLAIN);
    }
    let reader = folder(&nobody);
    reader.write("secret.yaml", &text);
    let failure = reader.ours(&["decrypt", "secret.yaml"]).failure(128);
    for expected in [&one, &two, "No secret key", "there is no keyring"] {
        assert!(failure.contains(expected), "{expected}: {failure}");
    }
    assert_eq!(reader.run(&peer("sops"), &["decrypt", "secret.yaml"], b"").code, 128);
}

#[test]
fn a_key_nobody_has_is_named() {
    let folder = folder(&GnuPg::new());
    let fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    let ours = folder.ours(&["encrypt", "-p", fingerprint, "plain.yaml"]);
    let theirs = folder.run(&peer("sops"), &["encrypt", "-p", fingerprint, "plain.yaml"], b"");
    assert_eq!(ours.code, theirs.code, "{} {}", ours.stderr, theirs.stderr);
    let code = ours.code;
    let failure = ours.failure(code);
    assert!(failure.contains(fingerprint) && failure.contains("No public key"), "{failure}");
}

#[test]
fn an_exclamation_mark_means_exactly_this_subkey() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &["--faked-system-time", "20240101T000000!"]);
    home.run(&["--quick-add-key", &fingerprint, "cv25519", "encr", "never"], b"");
    let subkeys = home.fingerprints("one");
    let (older, newer) = (&subkeys[1], &subkeys[2]);
    for reader in [&home, &home.as_of_old()] {
        let folder = folder(reader);
        for (asked, used) in [(&fingerprint, newer), (older, newer), (&format!("{older}!"), older)] {
            let text = folder.ours(&["encrypt", "-p", asked, "plain.yaml"]).text();
            assert!(text.contains(&format!("fp: {asked}\n")), "{text}");
            let recipients = home.recipients(&messages(&text)[0]);
            assert_eq!(recipients, [used[24..].to_owned()], "{asked}");
            both_ways(&folder, asked);
        }
    }
}

#[test]
fn spaces_in_a_fingerprint_do_not_count() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &[]);
    let spaced: Vec<&str> = (0..10).map(|group| &fingerprint[group * 4..group * 4 + 4]).collect();
    let folder = folder(&home);
    let text = folder.ours(&["encrypt", "-p", &spaced.join(" "), "plain.yaml"]).text();
    assert!(text.contains(&format!("fp: {fingerprint}\n")), "{text}");
}

#[test]
fn gpg_gets_the_arguments_of_the_original() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &[]);
    let mut folder = folder(&home);
    let spy = script(&folder, "spy", r#"for word; do echo "$word"; done >> words; exec gpg "$@""#);
    with(&mut folder, "SOPS_GPG_EXEC", spy.into());
    let words = |sops: bool, fingerprint: &str| {
        let _ = fs::remove_file(folder.path("words"));
        let run = |words: &[&str]| if sops { folder.run(&peer("sops"), words, b"") } else { folder.ours(words) };
        folder.write("secret.yaml", run(&["encrypt", "-p", fingerprint, "plain.yaml"]).text());
        run(&["decrypt", "secret.yaml"]).text();
        folder.read("words")
    };
    for asked in [fingerprint.clone(), format!("{}!", home.fingerprints("one")[1])] {
        assert_eq!(words(false, &asked), words(true, &asked));
    }
}

#[test]
fn an_empty_answer_is_no_data_key() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &[]);
    let mut folder = folder(&home);
    folder.write("secret.yaml", folder.ours(&["encrypt", "-p", &fingerprint, "plain.yaml"]).text());
    let script = script(&folder, "silent", "exit 0");
    with(&mut folder, "SOPS_GPG_EXEC", script.into());
    let failure = folder.ours(&["decrypt", "secret.yaml"]).failure(128);
    assert!(failure.contains("the answer is empty"), "{failure}");
}

/// GHSA-x5c7-x7m2-rhmf.
#[test]
fn gpg_of_the_current_folder_is_never_run() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &[]);
    let mut folder = folder(&home);
    folder.write("secret.yaml", folder.ours(&["encrypt", "-p", &fingerprint, "plain.yaml"]).text());
    folder.write("plain.yaml", PLAIN);
    script(&folder, "gpg", ": > trapped");
    script(&folder, "folder/gpg", ": > trapped");
    for path in [".", "", "folder", ":", ".:folder:"] {
        with(&mut folder, "PATH", path.into());
        for words in [["decrypt", "secret.yaml"].as_slice(), &["encrypt", "-p", &fingerprint, "plain.yaml"]] {
            let ended = folder.ours(words);
            assert!(ended.code != 0 && ended.stderr.contains("install GnuPG"), "{}", ended.stderr);
        }
    }
    assert!(!folder.path("trapped").exists());
    with(&mut folder, "SOPS_GPG_EXEC", "./gpg".into());
    folder.ours(&["decrypt", "secret.yaml"]).failure(128);
    assert!(folder.path("trapped").exists(), "a path that was asked for is run");
}
