//! The places where a user has identities.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::folder::{Ended, Folder};
use crate::keys::{Pair, unwrapped};
use crate::peer::peer;

const PLAIN: &str = "a: hunter2\n";

/// A folder with `secret.yaml` for a recipient, and no identity anywhere.
fn folder(recipient: &str) -> Folder {
    let folder = Folder::new();
    folder.write("plain.yaml", PLAIN);
    let text = folder.ours(&["--encrypt", "--age", recipient, "plain.yaml"]).text();
    folder.write("secret.yaml", text);
    fs::remove_file(folder.path("key.txt")).unwrap();
    folder
}

fn with(mut folder: Folder, variables: &[(&str, &str)]) -> Folder {
    folder.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    folder
}

fn sops(folder: &Folder) -> Ended {
    folder.run(&peer("sops"), &["-d", "secret.yaml"], b"")
}

/// Both open the file.
#[track_caller]
fn open(folder: &Folder) {
    assert_eq!(sops(folder).text(), PLAIN, "the original");
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
}

/// Neither opens the file; says what we say.
#[track_caller]
fn refused(folder: &Folder) -> String {
    assert_eq!(sops(folder).code, 128, "the original");
    unwrapped(&folder.ours(&["-d", "secret.yaml"]).failure(128))
}

fn shell(folder: &Folder, name: &str, text: &str) -> String {
    folder.write(name, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(folder.path(name), fs::Permissions::from_mode(0o700)).unwrap();
    folder.path(name).to_str().unwrap().to_owned()
}

#[test]
fn variables_hold_identities() {
    let (pair, other) = (Pair::native(&[]), Pair::native(&["-pq"]));
    open(&with(folder(&pair.recipient), &[("SOPS_AGE_KEY", &pair.secret())]));
    let several = format!("{} {}", other.secret_line(), pair.secret_line());
    open(&with(folder(&pair.recipient), &[("SOPS_AGE_KEY", &several)]));
    open(&with(folder(&other.recipient), &[("SOPS_AGE_KEY", &several)]));
}

#[test]
fn key_files_stand_in_the_configuration_folder() {
    let pair = Pair::native(&["-pq"]);
    let place = folder(&pair.recipient);
    place.write("home/.config/sops/age/keys.txt", pair.secret().replace('\n', "\r\n"));
    open(&place);
    let place = folder(&pair.recipient);
    place.write("xdg/sops/age/keys.txt", pair.secret());
    let xdg = place.path("xdg").to_str().unwrap().to_owned();
    open(&with(place, &[("XDG_CONFIG_HOME", &xdg)]));
}

#[test]
fn ssh_keys_stand_where_ssh_has_them() {
    for (name, flags) in [("id_ed25519", ["-t", "ed25519"].as_slice()), ("id_rsa", &["-t", "rsa", "-b", "2048"])] {
        let pair = Pair::ssh(flags, "");
        let place = folder(&pair.recipient);
        place.write(&format!("home/.ssh/{name}"), pair.secret());
        open(&place);
        open(&with(folder(&pair.recipient), &[("SOPS_AGE_SSH_PRIVATE_KEY_FILE", &pair.path("secret"))]));
        let command = format!("cat '{}'", pair.path("secret"));
        open(&with(folder(&pair.recipient), &[("SOPS_AGE_SSH_PRIVATE_KEY_CMD", &command), ("PATH", "/usr/bin:/bin")]));
    }
}

#[test]
fn commands_are_told_for_whom_and_no_shell_runs_them() {
    let pair = Pair::native(&[]);
    let place = folder(&pair.recipient);
    let only = format!(
        "[ \"$SOPS_AGE_RECIPIENT\" = {} ] && [ \"$1\" = 'a  $b' ] || exit 3\ncat '{}'",
        pair.recipient,
        pair.path("secret")
    );
    let script = shell(&place, "give key", &only);
    let command = format!("'{script}' \"a  \\$b\"");
    open(&with(place, &[("SOPS_AGE_KEY_CMD", &command), ("PATH", "/usr/bin:/bin")]));
}

#[test]
fn a_command_that_fails_is_named_without_its_arguments() {
    let pair = Pair::native(&[]);
    for command in ["false --token s3cr3t", "/no/such/program s3cr3t", "'s3cr3t"] {
        let place = with(folder(&pair.recipient), &[("SOPS_AGE_KEY_CMD", command), ("PATH", "/usr/bin:/bin")]);
        let failure = refused(&place);
        assert!(failure.contains("SOPS_AGE_KEY_CMD:") && !failure.contains("s3cr3t"), "{failure}");
    }
}

/// GHSA-x5c7-x7m2-rhmf.
#[test]
fn a_command_of_the_current_folder_is_never_run() {
    let pair = Pair::native(&[]);
    for variable in ["SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_CMD"] {
        for path in [".:/usr/bin:/bin", ":/usr/bin:/bin", "tools:/usr/bin:/bin"] {
            let place = folder(&pair.recipient);
            for name in ["give-key", "tools/give-key"] {
                shell(&place, name, &format!(": > trapped\ncat '{}'", pair.path("secret")));
            }
            let place = with(place, &[(variable, "give-key"), ("PATH", path)]);
            let failure = refused(&place);
            assert!(failure.contains("give-key is not on the search path"), "{failure}");
            assert!(!place.path("trapped").exists(), "{path}");
        }
    }
}

#[test]
fn what_is_wrong_with_one_place_matters_only_if_no_other_opens() {
    let (pair, other) = (Pair::native(&[]), Pair::native(&[]));
    let place = folder(&pair.recipient);
    place.write("home/.ssh/id_rsa", "no key");
    place.write("home/.config/sops/age/keys.txt", other.secret());
    let place = with(place, &[("SOPS_AGE_KEY", "AGE-SECRET-KEY-1S3CR3T"), ("SOPS_AGE_KEY_FILE", "absent.txt")]);
    let failure = refused(&place);
    for words in [
        "SOPS_AGE_KEY: line 1 is not an age identity",
        "SOPS_AGE_KEY_FILE (absent.txt): could not be read",
        "id_rsa: it is not an SSH private key",
        "id_ed25519: not there",
        &format!("the identity of {}", other.recipient),
    ] {
        assert!(failure.contains(words), "{words} is not in {failure}");
    }
    assert!(!failure.contains("S3CR3T"), "{failure}");
    let command = format!("cat '{}'", pair.path("secret"));
    open(&with(place, &[("SOPS_AGE_KEY_CMD", &command), ("PATH", "/usr/bin:/bin")]));
}

#[test]
fn an_unreadable_key_file_is_named() {
    let pair = Pair::native(&[]);
    let place = folder(&pair.recipient);
    place.write("folder/x", "");
    let place = with(place, &[("SOPS_AGE_KEY_FILE", "folder")]);
    let failure = refused(&place);
    assert!(failure.contains("SOPS_AGE_KEY_FILE (folder): could not be read"), "{failure}");
}

#[test]
fn empty_variables_are_as_none() {
    let names = [
        "SOPS_AGE_KEY",
        "SOPS_AGE_KEY_FILE",
        "SOPS_AGE_KEY_CMD",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
    ];
    let pair = Pair::native(&[]);
    let place = folder(&pair.recipient);
    place.write("home/.config/sops/age/keys.txt", pair.secret());
    let place = with(place, &names.map(|name| (name, "")));
    assert_eq!(place.ours(&["-d", "secret.yaml"]).text(), PLAIN);
}

#[test]
fn a_locked_identity_file_without_a_terminal_is_named() {
    let pair = Pair::native(&[]);
    let place = folder(&pair.recipient);
    let mut recipient = age::scrypt::Recipient::new("open sesame".to_owned().into());
    recipient.set_work_factor(10);
    place.write("locked.age", age::encrypt_and_armor(&recipient, pair.secret().as_bytes()).unwrap());
    let place = with(place, &[("SOPS_AGE_KEY_FILE", "locked.age")]);
    let failure = refused(&place);
    assert!(failure.contains("no passphrase for the identity file locked.age"), "{failure}");
}

#[test]
fn a_passphrase_in_the_old_format_comes_with_the_way_out() {
    let pair = Pair::ssh(&["-t", "rsa", "-b", "2048", "-m", "PEM"], "");
    let place = folder(&pair.recipient);
    place.write("home/.ssh/id_rsa", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    let failure = unwrapped(&place.ours(&["-d", "secret.yaml"]).failure(128));
    assert!(
        failure.contains("id_rsa: its passphrase protects it in the old PEM format; `ssh-keygen -p -f FILE`"),
        "{failure}"
    );
}
