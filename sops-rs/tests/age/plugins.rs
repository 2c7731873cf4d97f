//! Plugins: programs `age-plugin-NAME` on the search path.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use age_core::primitives::bech32_encode;
use bech32::Hrp;
use futures::executor::block_on;
use sops::master_key::age::{AgeKeys, Identity};
use sops::{KeyError, KeyId, KeyService as _};

use crate::folder::Folder;
use crate::keys::{Pair, stdout, unwrapped};
use crate::peer::peer;

const PLAIN: &str = "a: hunter2\n";

/// A plugin that hides nothing: the stanza is the file key. It leaves a file `ran` beside itself.
const TOY: &str = r#"#!/usr/bin/python3
import base64, os, sys
open(os.path.join(os.path.dirname(os.path.realpath(__file__)), "ran"), "w").close()
def read():
    head = sys.stdin.readline().split()
    body = b""
    while True:
        line = sys.stdin.readline().rstrip("\n")
        body += base64.b64decode(line + "=" * (-len(line) % 4))
        if len(line) < 64:
            return head[1:], body
def send(words, body=b""):
    text = base64.b64encode(body).decode().rstrip("=")
    sys.stdout.write("-> " + " ".join(words) + "\n")
    for at in range(0, len(text) + 1, 64):
        sys.stdout.write(text[at:at + 64] + "\n")
    sys.stdout.flush()
key, stanzas = None, []
while True:
    head, body = read()
    if head[0] == "wrap-file-key":
        key = body
    if head[0] == "recipient-stanza" and head[2] == "toy":
        stanzas.append(body)
    if head[0] == "done":
        break
if sys.argv[1] == "--age-plugin=recipient-v1":
    send(["recipient-stanza", "0", "toy"], key)
    read()
for stanza in stanzas[:1]:
    send(["file-key", "0"], stanza)
    read()
send(["done"])
"#;

fn recipient(name: &str) -> String {
    bech32_encode(Hrp::parse(&format!("age1{name}")).unwrap(), b"x")
}

fn identity(name: &str) -> String {
    bech32_encode(Hrp::parse(&format!("age-plugin-{name}-")).unwrap(), b"x").to_uppercase()
}

/// A folder with the toy plugin and its identity.
fn folder() -> Folder {
    let mut folder = Folder::new();
    folder.write("bin/age-plugin-toy", TOY);
    fs::set_permissions(folder.path("bin/age-plugin-toy"), fs::Permissions::from_mode(0o700)).unwrap();
    folder.variables.push(("PATH".to_owned(), format!("{}:/usr/bin:/bin", folder.path("bin").display())));
    folder.write("key.txt", identity("toy"));
    folder.write("plain.yaml", PLAIN);
    folder
}

#[test]
fn recipients_and_identities_of_plugins_work_with_the_original() {
    let folder = folder();
    let sops = |words: &[&str]| folder.run(&peer("sops"), words, b"").text();
    let words = ["--encrypt", "--age", &recipient("toy"), "plain.yaml"];
    for text in [sops(&words), folder.ours(&words).text()] {
        folder.write("secret.yaml", text);
        assert_eq!(sops(&["-d", "secret.yaml"]), PLAIN);
        assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    }
}

#[test]
fn a_plugin_of_age_itself_opens() {
    let pair = Pair::native(&["-pq"]);
    let mut folder = folder();
    let bin = peer("age-plugin-pq").parent().unwrap().to_str().unwrap().to_owned();
    folder.variables.push(("PATH".to_owned(), bin));
    let text = folder.ours(&["--encrypt", "--age", &pair.recipient, "plain.yaml"]).text();
    folder.write("secret.yaml", text);
    folder.write("key.txt", stdout(Command::new(peer("age-plugin-pq")).args(["-identity", &pair.path("secret")])));
    assert!(folder.read("key.txt").contains("AGE-PLUGIN-PQ-1"));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
}

#[test]
fn a_setting_turns_plugins_off() {
    let mut folder = folder();
    let text = folder.ours(&["--encrypt", "--age", &recipient("toy"), "plain.yaml"]).text();
    folder.write("secret.yaml", text);
    fs::remove_file(folder.path("bin/ran")).unwrap();
    folder.variables.push(("SOPS_AGE_PLUGINS".to_owned(), "off".to_owned()));
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    let failure = unwrapped(&failure);
    assert!(failure.contains("plugins are turned off"), "{failure}");
    let failed = folder.ours(&["--encrypt", "--age", &recipient("toy"), "plain.yaml"]);
    assert!(failed.code != 0 && failed.stderr.contains("plugins are turned off"), "{}", failed.stderr);
    assert!(!folder.path("bin/ran").exists(), "the program ran");
}

#[test]
fn a_plugin_runs_only_if_it_is_named() {
    let pair = Pair::native(&[]);
    let folder = folder();
    let text = folder.ours(&["--encrypt", "--age", &pair.recipient, "plain.yaml"]).text();
    folder.write("secret.yaml", text);
    folder.write("key.txt", format!("{}\n{}", identity("toy"), pair.secret_line()));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    assert!(!folder.path("bin/ran").exists(), "a key that opens by itself comes first");
}

#[test]
fn a_missing_plugin_is_named_and_keeps_nothing_else_from_opening() {
    let folder = folder();
    let text = folder.ours(&["--encrypt", "--age", &recipient("toy"), "plain.yaml"]).text();
    folder.write("secret.yaml", text);
    folder.write("key.txt", format!("{}\n{}", identity("absent"), identity("toy")));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    folder.write("key.txt", identity("absent"));
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    let failure = unwrapped(&failure);
    assert!(failure.contains("age-plugin-absent is not on the search path"), "{failure}");
}

/// CVE-2024-56327: a name with a path in it would start any program.
#[test]
fn a_plugin_name_is_no_path() {
    let folder = folder();
    folder.write("bin/evil", TOY);
    fs::set_permissions(folder.path("bin/evil"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir_all(folder.path("age-plugin-x")).unwrap();
    let absolute = format!("x/../..{}", folder.path("bin/evil").to_str().unwrap().to_lowercase());
    for name in ["x/../bin/evil", "../bin/evil", "/bin/evil", "x\\..\\evil", "x;evil", &absolute] {
        let (recipient, identity) = (recipient(name), identity(name));
        let ended = folder.ours(&["--encrypt", "--age", &recipient, "plain.yaml"]);
        assert_ne!(ended.code, 0, "{name}");
        let keys = AgeKeys::default().with_plugins();
        let answer = block_on(keys.wrap(&KeyId::Age(recipient), &[0; 32]));
        assert!(matches!(answer, Err(KeyError::Malformed(_))), "{name}");
        assert!(Identity::parse(&identity).is_err(), "{name}");
    }
    assert!(!folder.path("bin/ran").exists(), "a program ran");
}

/// GHSA-x5c7-x7m2-rhmf.
#[test]
fn a_plugin_of_the_current_folder_is_never_run() {
    let mut folder = folder();
    let text = folder.ours(&["--encrypt", "--age", &recipient("toy"), "plain.yaml"]).text();
    folder.write("secret.yaml", text);
    fs::remove_file(folder.path("bin/ran")).unwrap();
    fs::copy(folder.path("bin/age-plugin-toy"), folder.path("age-plugin-toy")).unwrap();
    for path in [".:/usr/bin:/bin", ":/usr/bin:/bin", "bin:/usr/bin:/bin"] {
        folder.variables.retain(|(name, _)| name != "PATH");
        folder.variables.push(("PATH".to_owned(), path.to_owned()));
        let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
        assert!(unwrapped(&failure).contains("age-plugin-toy is not on the search path"), "{failure}");
        assert_ne!(folder.ours(&["--encrypt", "--age", &recipient("toy"), "plain.yaml"]).code, 0);
    }
    assert!(!folder.path("ran").exists() && !folder.path("bin/ran").exists(), "the program ran");
}
