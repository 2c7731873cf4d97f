//! `kubeseal-rs` as a user runs it: what it says when something is wrong, with which status, and where it writes.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "cli/certificates.rs"]
mod certificates;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/documents.rs"]
mod documents;
#[path = "cli/flags.rs"]
mod flags;
#[path = "cli/merging.rs"]
mod merging;
#[path = "cli/place.rs"]
mod place;
#[path = "cli/recovery.rs"]
mod recovery;

use std::fs;
use std::path::Path;

use crate::place::{Place, SECRET};

#[test]
fn certificates_that_cannot_be_used_are_refused() {
    let place = Place::new();
    place.assert_fails(
        &["--cert", "absent.pem"],
        SECRET,
        1,
        "error: cannot read the certificate absent.pem: no such file or directory\n\
         hint: fetch it once with `kubeseal-rs --fetch-cert > cert.pem`\n",
    );
    place.assert_fails(
        &["--cert", "expired.pem"],
        SECRET,
        1,
        "error: the certificate expired on January 2, 2020\n\
         hint: --fetch-cert fetches the newest; the controller may have to renew its key first\n",
    );
    place.assert_fails(
        &["--cert", "secret.yaml"],
        SECRET,
        1,
        "error: the certificate cannot be used: no PEM certificate found\n\
         hint: --fetch-cert fetches the controller's\n",
    );
}

#[test]
fn without_certificate_and_cluster_it_says_how_to_go_on() {
    let place = Place::new();
    place.assert_fails(
        &[],
        SECRET,
        1,
        "error: no cluster is configured\nhint: give --kubeconfig, or work without a cluster with --cert\n",
    );
    let ended = place.run(&["--kubeconfig", "absent"], SECRET);
    assert_eq!(ended.status, Some(1));
    assert_eq!(
        ended.stderr,
        "error: the kubeconfig absent cannot be read: no such file or directory\n\
         hint: give --kubeconfig, or work without a cluster with --cert\n"
    );
}

#[test]
fn a_cluster_that_does_not_answer_is_named() {
    let place = Place::new();
    // Port 1 of the loopback refuses connections.
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
        clusters: [{name: c, cluster: {server: \"http://127.0.0.1:1\"}}]\n\
        users: [{name: u, user: {token: t}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n";
    fs::write(place.path("kubeconfig"), kubeconfig).unwrap();
    for arguments in [["--kubeconfig", "kubeconfig"].as_slice(), &["--kubeconfig", "kubeconfig", "--fetch-cert"]] {
        let ended = place.run(arguments, SECRET);
        assert_eq!(ended.status, Some(1));
        let error = "error: cannot get the Service `sealed-secrets-controller` in namespace `kube-system`: ";
        assert!(ended.stderr.starts_with(error), "{}", ended.stderr);
        assert!(ended.stderr.contains("hint: name the controller with --controller-namespace"), "{}", ended.stderr);
    }
    place.assert_fails(
        &["--kubeconfig", "kubeconfig", "--controller-name", "a/../b"],
        SECRET,
        1,
        "error: --controller-name is no name that Kubernetes allows\nhint: use a-z, 0-9, - and .\n",
    );
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let place = Place::new();
    let hint = "hint: `kubeseal-rs --help` lists the flags\n";
    for (arguments, error) in [
        (["--bogus"].as_slice(), "error: unexpected argument '--bogus' found\n"),
        (&["secret.yaml"], "error: unexpected argument 'secret.yaml' found\n"),
        (
            &["--scope", "wide"],
            "error: invalid value 'wide' for '--scope <SCOPE>': a scope is one of strict, namespace-wide, cluster-wide\n",
        ),
    ] {
        place.assert_fails(arguments, SECRET, 2, &format!("{error}{hint}"));
    }
    let ended = place.run(&["--format", "toml"], SECRET);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.starts_with("error: invalid value 'toml' for '--format <FORMAT>'"), "{}", ended.stderr);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let place = Place::new();
    for (arguments, stderr) in [
        (
            ["--from-file", "secret.yaml"].as_slice(),
            "error: --from-file requires --raw\nhint: give a whole Secret with --secret-file\n",
        ),
        (
            &["--raw", "--from-file", "a", "--from-file", "b"],
            "error: --raw seals one --from-file, not several\nhint: call it once for each file\n",
        ),
        (
            &["--raw", "-f", "secret.yaml"],
            "error: --raw does not read --secret-file\nhint: name the file with --from-file\n",
        ),
    ] {
        place.assert_fails(&[&["--cert", "cert.pem"], arguments].concat(), SECRET, 1, stderr);
    }
}

#[test]
fn raw_says_what_it_needs() {
    let place = Place::new();
    for (arguments, scope, flag) in [
        (["--name", "db"].as_slice(), "strict", "--namespace"),
        (&["--namespace", "shop"], "strict", "--name"),
        (&["--scope", "namespace-wide"], "namespace-wide", "--namespace"),
    ] {
        let stderr = format!(
            "error: --raw with scope {scope} needs {flag}\nhint: a wider --scope needs less, and protects less\n"
        );
        place.assert_fails(&[&["--cert", "cert.pem", "--raw"], arguments].concat(), "value", 1, &stderr);
    }
}

#[test]
fn raw_reads_a_file_with_or_without_a_key() {
    let place = Place::new();
    for file in ["secret.yaml", "key=secret.yaml"] {
        let ended = place.run(&["--cert", "cert.pem", "--raw", "--scope", "cluster-wide", "--from-file", file], "");
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let blob = kubeseal::decode_base64(&ended.stdout).unwrap();
        assert_eq!(blob.len(), 2 + 256 + SECRET.len() + 16);
    }
}

#[test]
fn the_certificate_is_handed_out_as_it_is() {
    let place = Place::new();
    let ended = place.run(&["--fetch-cert", "--cert", "cert.pem"], "");
    assert_eq!(ended.status, Some(0));
    assert_eq!(ended.stdout, fs::read_to_string(place.path("cert.pem")).unwrap());
}

#[test]
fn a_file_is_written_only_when_all_was_sealed() {
    let place = Place::new();
    let sealed = place.path("sealed.yaml");
    fs::write(&sealed, "as it was").unwrap();
    let second_has_no_data = format!("{SECRET}---\nmetadata: {{name: b, namespace: shop}}\n");
    let ended = place.run(&["--cert", "cert.pem", "-w", "sealed.yaml"], &second_has_no_data);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.starts_with("error: document 2: "), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(&sealed).unwrap(), "as it was");

    let ended = place.run(&["--cert", "cert.pem"], &second_has_no_data);
    assert_eq!(ended.stdout, "", "the first document was written although the second failed");
}

#[test]
fn the_name_of_the_file_selects_yaml() {
    let place = Place::new();
    for (name, first) in [("a.yaml", "---\n"), ("a.yml", "---\n"), ("a.json", "{\n"), ("a", "{\n")] {
        let ended = place.run(&["--cert", "cert.pem", "-f", "secret.yaml", "-w", name], "");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
        assert!(fs::read_to_string(place.path(name)).unwrap().starts_with(first), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_its_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let place = Place::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::write(place.path("target"), "").unwrap();
    fs::set_permissions(place.path("target"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("target", place.path("link")).unwrap();
    assert_eq!(place.run(&["--cert", "cert.pem", "-f", "secret.yaml", "-w", "link"], "").status, Some(0));
    assert!(fs::symlink_metadata(place.path("link")).unwrap().is_symlink());
    assert!(fs::read_to_string(place.path("target")).unwrap().starts_with('{'));
    assert_eq!(mode(&place.path("target")), 0o640);
}

#[test]
fn every_flag_can_come_from_the_environment() {
    let place = Place::new();
    let environment = [
        ("SEALED_SECRETS_CERT", "cert.pem"),
        ("SEALED_SECRETS_FORMAT", "yaml"),
        ("SEALED_SECRETS_SCOPE", "namespace-wide"),
        ("SEALED_SECRETS_NAMESPACE", "shop"),
        ("SEALED_SECRETS_NAME", "other"),
        ("SEALED_SECRETS_SECRET_FILE", "secret.yaml"),
    ];
    let ended = place.run_with(&[], "", &environment);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("namespace-wide: \"true\"") && ended.stdout.contains("name: other"));
    let overridden = place.run_with(&["--format", "json", "--name", "third"], "", &environment);
    assert!(overridden.stdout.starts_with('{') && overridden.stdout.contains("third"));

    let raw = [("SEALED_SECRETS_RAW", "true"), ("SEALED_SECRETS_CERT", "cert.pem"), ("SEALED_SECRETS_NAME", "")];
    let ended = place.run_with(&["--scope", "cluster-wide"], "value", &raw);
    assert!(ended.stdout.starts_with("AQ"), "{}", ended.stderr);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let place = Place::new();
    let help = place.run(&["--help"], "");
    assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
    for part in
        ["Examples:", "Exit status: 0 done, 1 failed, 2 wrong usage", "--fetch-cert", "-w, --sealed-secret-file"]
    {
        assert!(help.stdout.contains(part), "{part}");
    }
    let version = place.run(&["--version"], "");
    assert_eq!(version.stdout, format!("kubeseal-rs {}\n", env!("CARGO_PKG_VERSION")));
}
