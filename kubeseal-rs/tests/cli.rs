//! `kubeseal-rs` as a user runs it: what it says when something is wrong, with which status, and where it writes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kubeseal::SealingKey;
use tempfile::TempDir;

const SECRET: &str = "metadata: {name: db, namespace: shop}\ndata: {password: aHVudGVyMg==}\n";

/// A directory to run in, with a good certificate and an expired one.
struct Place {
    directory: TempDir,
}

/// How the program ended.
#[derive(Debug, PartialEq)]
struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new() -> Place {
        let directory = TempDir::new().unwrap();
        let generate = |validity| {
            let begin = "2020-01-01T00:00:00Z".parse().unwrap();
            SealingKey::generate(2048, "", begin, Duration::from_secs(validity)).unwrap()
        };
        fs::write(directory.path().join("cert.pem"), generate(100 * 365 * 86_400).certificate_pem()).unwrap();
        fs::write(directory.path().join("expired.pem"), generate(86_400).certificate_pem()).unwrap();
        fs::write(directory.path().join("secret.yaml"), SECRET).unwrap();
        Place { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Ended {
        self.run_with(arguments, input, &[])
    }

    fn run_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubeseal-rs"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may refuse its arguments before it reads; the pipe is then closed.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs it and asserts that it fails with these words, nothing on standard output and no file written.
    fn assert_fails(&self, arguments: &[&str], input: &str, status: i32, stderr: &str) {
        let files = || fs::read_dir(self.directory.path()).unwrap().count();
        let before = files();
        let ended = self.run(arguments, input);
        let expected = Ended { status: Some(status), stdout: String::new(), stderr: stderr.to_owned() };
        assert_eq!(ended, expected, "{arguments:?} {input:?}");
        assert_eq!(files(), before, "{arguments:?} left a file");
    }
}

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
fn a_certificate_by_address_is_refused() {
    Place::new().assert_fails(
        &["--cert", "https://example.com/cert.pem"],
        SECRET,
        1,
        "error: --cert takes a file, not an address\nhint: download the certificate first\n",
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
    assert!(ended.stderr.starts_with("error: the kubeconfig cannot be used: "), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("hint: give --kubeconfig, or work without a cluster with --cert\n"));
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
fn secrets_that_cannot_be_sealed_are_refused() {
    let place = Place::new();
    let cases = [
        ("", "error: the input holds no Secret\nhint: give a Secret as JSON or YAML, or use --raw for a value\n"),
        (
            "metadata: {name: db, namespace: shop}\n",
            "error: document 1: the Secret has no data\nhint: --allow-empty-data seals it all the same\n",
        ),
        (
            "metadata: {namespace: shop}\ndata: {k: YQ==}\n",
            "error: document 1: the Secret has no metadata.name\nhint: add one, or give --name\n",
        ),
        (
            "metadata: {name: db}\ndata: {k: YQ==}\n",
            "error: document 1: the Secret `db` has no namespace\n\
             hint: add metadata.namespace, give --namespace, or use --scope cluster-wide\n",
        ),
        (
            "metadata: {name: db, namespace: shop}\ndata: {password: hunter2}\n",
            "error: document 1: `data.password` is not valid base64\n\
             hint: encode it without line wrapping, or put the plain text under stringData\n",
        ),
        (
            "metadata: {name: db, namespace: shop}\ndata: [hunter2]\n",
            "error: document 1: `data` is not a mapping\n\
             hint: compare with the output of kubectl create secret --dry-run\n",
        ),
    ];
    for (input, stderr) in cases {
        place.assert_fails(&["--cert", "cert.pem"], input, 1, stderr);
        place.assert_fails(&["--cert", "cert.pem", "-w", "sealed.yaml"], input, 1, stderr);
    }
    place.assert_fails(
        &["--cert", "cert.pem", "--namespace", "other"],
        SECRET,
        1,
        "error: document 1: the Secret `db` is in namespace `shop`, not `other`\n\
         hint: leave --namespace out, or correct the Secret\n",
    );
}

#[test]
fn a_document_that_cannot_be_read_is_refused_and_not_left_out() {
    let place = Place::new();
    let cases = [
        (
            format!("{SECRET}---\nhunter2: [\n"),
            "error: the input is not valid YAML at line 4, column 10\n\
             hint: check the indentation and the quotes there\n",
        ),
        (
            "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"YQ==\"}}{\"metadata\":".to_owned(),
            "error: the input ends in the middle of a JSON object\nhint: check the quotes, commas and braces there\n",
        ),
        (
            "{\"metadata\":{\"name\":\"a\"}}{\"a\":1}{\"b\":hunter2}".to_owned(),
            "error: the input is not valid JSON at line 1, column 38\n\
             hint: check the quotes, commas and braces there\n",
        ),
        (
            format!("{SECRET}---\nhunter2\n"),
            "error: document 2: not a Secret but a bare value\nhint: use --raw to seal a value\n",
        ),
    ];
    for (input, stderr) in cases {
        place.assert_fails(&["--cert", "cert.pem"], &input, 1, stderr);
    }
}

#[test]
fn only_secrets_are_sealed() {
    let place = Place::new();
    for kind in ["ConfigMap", "List", "SealedSecret"] {
        place.assert_fails(
            &["--cert", "cert.pem"],
            &format!("kind: {kind}\n{SECRET}"),
            1,
            "error: document 1: not a Secret but another kind\nhint: give Secrets, one document each\n",
        );
    }
}

#[test]
fn a_misspelt_field_is_refused() {
    let place = Place::new();
    for (input, field, meant) in [
        ("metadata: {name: db, namespace: shop}\nstringdata: {k: a}\n", "stringdata", "stringData"),
        ("metadata: {Name: db, namespace: shop}\nstringData: {k: a}\n", "Name", "name"),
    ] {
        let stderr = format!("error: document 1: unknown field `{field}`\nhint: it is spelt `{meant}`\n");
        place.assert_fails(&["--cert", "cert.pem"], input, 1, &stderr);
    }
}

#[test]
fn an_unquoted_value_that_yaml_would_rewrite_is_refused() {
    let place = Place::new();
    let refused = "error: document 1: `stringData.k` is not quoted and means something else than it says\n\
        hint: YAML reads it as a number or a boolean and would rewrite it; put it in quotes\n";
    for value in ["010", "0x10", "1.10", "1e3", "1_000", "yes", "off", "+1", "16777217.5", "1000000.0"] {
        let input = format!("metadata: {{name: db, namespace: shop}}\nstringData: {{k: {value}}}\n");
        place.assert_fails(&["--cert", "cert.pem"], &input, 1, refused);
    }
    for value in ["10", "-1", "1.5", "true", "2001-01-01", "12:30", "'yes'", "!!str yes", "~"] {
        let input = format!("metadata: {{name: db, namespace: shop}}\nstringData: {{k: {value}}}\n");
        assert_eq!(place.run(&["--cert", "cert.pem"], &input).status, Some(0), "{value}");
    }
    place.assert_fails(
        &["--cert", "cert.pem"],
        "metadata: {name: db, namespace: shop}\nstringData: {\n  yes: a}\n",
        1,
        "error: a key at line 3 is not a plain text\nhint: write the key in double quotes\n",
    );
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut input = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        input += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let ended = Place::new().run(&["--cert", "cert.pem"], &input);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.starts_with("error: the document is too deep or too large at line "), "{}", ended.stderr);
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
fn modes_that_do_not_exist_yet_are_named() {
    let place = Place::new();
    for (arguments, flag) in [
        (["--validate"].as_slice(), "--validate"),
        (&["--re-encrypt"], "--re-encrypt"),
        (&["--rotate"], "--re-encrypt"),
        (&["--merge-into", "sealed.json"], "--merge-into"),
        (&["--recovery-unseal", "--recovery-private-key", "a"], "--recovery-unseal"),
    ] {
        let stderr = format!("error: {flag} is not supported yet\nhint: the original kubeseal does it\n");
        place.assert_fails(arguments, SECRET, 1, &stderr);
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
    assert!(!help.stdout.contains("--validate"), "a mode that does not exist yet is offered");
    let version = place.run(&["--version"], "");
    assert_eq!(version.stdout, format!("kubeseal-rs {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn characters_that_the_original_cannot_write_as_yaml_are_written() {
    let place = Place::new();
    let input = "{\"metadata\":{\"name\":\"db\",\"namespace\":\"shop\",\"annotations\":{\"a\":\"\u{7f}\u{85}\u{fffe}\"}},\
        \"data\":{\"k\":\"YQ==\"}}";
    let ended = place.run(&["--cert", "cert.pem", "-o", "yaml"], input);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains(r#"a: "\x7F\N\uFFFE""#), "{}", ended.stdout);
}

/// The order is the original's, which for `b203`, `b2cc` and `b62cb` goes in a circle: there it varies from run to run.
#[test]
fn keys_are_written_in_one_order_where_the_original_has_none() {
    let place = Place::new();
    let seal = |keys: [&str; 3]| {
        let fields = keys.map(|key| format!("  {key}: YQ==\n")).concat();
        let input = format!("metadata: {{name: db, namespace: shop}}\ndata:\n{fields}");
        let ended = place.run(&["--cert", "cert.pem", "-o", "yaml"], &input);
        let written = ended.stdout.lines().filter_map(|line| line.trim().split_once(": AQ"));
        written.map(|(key, _)| key.to_owned()).collect::<Vec<_>>()
    };
    let expected = ["b203", "b2cc", "b62cb"];
    for keys in [["b203", "b2cc", "b62cb"], ["b2cc", "b62cb", "b203"], ["b62cb", "b203", "b2cc"]] {
        assert_eq!(seal(keys), expected);
    }
}

#[test]
fn no_message_quotes_a_value() {
    let place = Place::new();
    for input in [
        "metadata: {name: db, namespace: shop}\ndata: {k: hunter2}\n",
        "metadata: {name: db, namespace: shop}\ndata: {k: [hunter2]}\n",
        "metadata: {name: db, namespace: shop}\nstringData: hunter2\n",
        "{\"data\": \"hunter2",
        "{\"data\": hunter2}",
        "hunter2: *hunter2\n",
        "- hunter2\n",
        "kind: hunter2\nmetadata: {name: db}\n",
        "metadata: {name: db}\nimmutable: hunter2\n",
        "%hunter2\n---\na: b\n",
        "a: !hunter2 b\n",
    ] {
        let ended = place.run(&["--cert", "cert.pem", "--namespace", "shop"], input);
        assert_eq!(ended.status, Some(1), "{input:?}");
        assert!(!ended.stderr.contains("hunter2"), "{input:?}: {}", ended.stderr);
    }
}
