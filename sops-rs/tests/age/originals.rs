//! Whole files with `sops` 3.13.3, for each key type: each opens what the other wrote.

use std::fs;

use crate::folder::{Ended, Folder};
use crate::keys::Pair;
use crate::peer::peer;

const PLAIN: &str = "db:\n    password: hunter2\n";

fn sops(folder: &Folder, words: &[&str]) -> Ended {
    folder.run(&peer("sops"), words, b"")
}

/// A folder where the identity is where SSH keys are looked for, or in `key.txt`.
fn folder(pair: &Pair) -> Folder {
    let mut folder = Folder::new();
    if pair.recipient.starts_with("ssh-") {
        folder.variables.push(("SOPS_AGE_SSH_PRIVATE_KEY_FILE".to_owned(), pair.path("secret")));
    } else {
        folder.write("key.txt", pair.secret());
    }
    folder.write("plain.yaml", PLAIN);
    folder
}

fn agree(pair: &Pair) {
    let folder = folder(pair);
    let words = ["--encrypt", "--age", &pair.recipient, "plain.yaml"];
    for (name, text) in [("theirs.yaml", sops(&folder, &words).text()), ("ours.yaml", folder.ours(&words).text())] {
        assert!(
            text.contains(&format!("recipient: {}\n", pair.recipient)),
            "{name} keeps the recipient as given: {text}"
        );
        folder.write(name, text);
        assert_eq!(folder.ours(&["-d", name]).text(), PLAIN, "{name}");
        assert_eq!(sops(&folder, &["-d", name]).text(), PLAIN, "{name}");
    }
}

#[test]
fn x25519() {
    agree(&Pair::native(&[]));
}

#[test]
fn post_quantum() {
    agree(&Pair::native(&["-pq"]));
}

#[test]
fn ssh_ed25519() {
    agree(&Pair::ssh(&["-t", "ed25519"], ""));
    agree(&Pair::ed25519_in_pkcs8());
}

#[test]
fn ssh_rsa() {
    agree(&Pair::ssh(&["-t", "rsa", "-b", "3072"], ""));
    agree(&Pair::ssh(&["-t", "rsa", "-b", "2048", "-m", "PEM"], ""));
    agree(&Pair::ssh(&["-t", "rsa", "-b", "2048", "-m", "PKCS8"], ""));
}

#[test]
fn several_kinds_of_recipients_in_one_file() {
    let pairs = [
        Pair::native(&[]),
        Pair::native(&["-pq"]),
        Pair::ssh(&["-t", "ed25519"], ""),
        Pair::ssh(&["-t", "rsa", "-b", "2048"], ""),
    ];
    let recipients: Vec<&str> = pairs.iter().map(|pair| pair.recipient.as_str()).collect();
    let list = recipients.join(",");
    let author = folder(&pairs[0]);
    let words = ["--encrypt", "--age", &list, "plain.yaml"];
    for text in [sops(&author, &words).text(), author.ours(&words).text()] {
        for pair in &pairs {
            let folder = folder(pair);
            folder.write("secret.yaml", &text);
            assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
            assert_eq!(sops(&folder, &["-d", "secret.yaml"]).text(), PLAIN);
        }
    }
}

#[test]
fn a_passphrase_in_a_file_is_refused_as_in_the_original() {
    let pair = Pair::native(&[]);
    let folder = folder(&pair);
    let text = folder.ours(&["--encrypt", "--age", &pair.recipient, "plain.yaml"]).text();
    let begin = text.find("-----BEGIN AGE").unwrap();
    let end = text.find("-----END AGE ENCRYPTED FILE-----").unwrap();
    let indent = " ".repeat(begin - text[..begin].rfind('\n').unwrap() - 1);
    let recipient = age::scrypt::Recipient::new("known to all".to_owned().into());
    let scrypt = age::encrypt_and_armor(&recipient, &[7; 32]).unwrap();
    let body = scrypt
        .trim_end()
        .strip_suffix("-----END AGE ENCRYPTED FILE-----")
        .unwrap()
        .replace('\n', &format!("\n{indent}"));
    folder.write("secret.yaml", format!("{}{body}{}", &text[..begin], &text[end..]));
    assert!(fs::read_to_string(folder.path("secret.yaml")).unwrap().contains("BEGIN AGE"));
    assert_eq!(sops(&folder, &["-d", "secret.yaml"]).code, 128);
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(failure.contains("does not fit"), "{failure}");
}
