//! The two programs, the key that both seal for, and how their output is compared.

use std::collections::BTreeMap;
use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use kubeseal::{Keyring, SealingKey};
use serde_json::Value;
use tempfile::TempDir;

/// Which program seals.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    Ours,
    Original,
}

impl Program {
    fn path(self) -> PathBuf {
        match self {
            Program::Ours => PathBuf::from(env!("CARGO_BIN_EXE_kubeseal-rs")),
            Program::Original => peer("kubeseal"),
        }
    }

    /// Runs it as it is.
    pub(crate) fn run(self, arguments: &[&str], input: &[u8]) -> Output {
        run(Command::new(self.path()).args(arguments), input)
    }

    /// Runs it offline with the certificate of the tests.
    pub(crate) fn seal(self, arguments: &[&str], input: &[u8]) -> Output {
        run(Command::new(self.path()).arg("--cert").arg(files().join("tls.crt")).args(arguments), input)
    }
}

/// A program of the cache that `make peers` fills.
fn peer(name: &str) -> PathBuf {
    let cache = env::var_os("STRONGROOM_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("strongroom")));
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/strongroom")));
    let path = cache.expect("neither STRONGROOM_CACHE nor HOME is set").join("peers/bin").join(name);
    assert!(path.exists(), "{} is missing; run `make peers`", path.display());
    path
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .env_clear()
        .env("HOME", files())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that refuses its arguments does not read; the broken pipe is then no failure of the test.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().unwrap()
    })
}

/// A directory with `tls.key`, `tls.crt` and `kubeconfig`.
pub(crate) fn files() -> PathBuf {
    static FILES: OnceLock<TempDir> = OnceLock::new();
    let directory = FILES.get_or_init(|| {
        let directory = TempDir::new().unwrap();
        let century = Duration::from_hours(100 * 365 * 24);
        let key = SealingKey::generate(2048, "", "2020-01-01T00:00:00Z".parse().unwrap(), century).unwrap();
        std::fs::write(directory.path().join("tls.key"), key.private_key_pem().unwrap().as_bytes()).unwrap();
        std::fs::write(directory.path().join("tls.crt"), key.certificate_pem()).unwrap();
        std::fs::write(directory.path().join("kubeconfig"), KUBECONFIG).unwrap();
        directory
    });
    directory.path().to_owned()
}

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: plain, context: {cluster: c, user: u}}
- {name: with-namespace, context: {cluster: c, user: u, namespace: from-context}}
current-context: plain
"#;

/// The path of a kubeconfig with the contexts `plain` and `with-namespace`.
pub(crate) fn kubeconfig() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| files().join("kubeconfig").to_str().unwrap().to_owned())
}

/// The key of the tests as a keyring.
pub(crate) fn keyring() -> Keyring {
    let read = |name| std::fs::read(files().join(name)).unwrap();
    let key = SealingKey::from_pem(&read("tls.key"), &read("tls.crt")).unwrap();
    let instant = key.certificate().not_before();
    Keyring::new(vec![(key, instant)])
}

/// Opens one SealedSecret with the original.
pub(crate) fn recovered(document: &str) -> BTreeMap<String, Vec<u8>> {
    let mut command = Command::new(peer("kubeseal"));
    command.arg("--recovery-unseal").arg("--recovery-private-key").arg(files().join("tls.key"));
    let output = run(&mut command, document.as_bytes());
    assert!(output.status.success(), "{}\n{document}", String::from_utf8_lossy(&output.stderr));
    let secret: Value = serde_json::from_slice(&output.stdout).unwrap();
    let Some(data) = secret["data"].as_object() else { return BTreeMap::new() };
    data.iter()
        .map(|(key, value)| (key.clone(), kubeseal::decode_base64(value.as_str().unwrap_or_default()).unwrap()))
        .collect()
}

/// The documents of an output, one by one.
pub(crate) fn documents<'a>(output: &'a str, format: &str) -> Vec<&'a str> {
    if format == "json" {
        output.split_inclusive("\n}\n").collect()
    } else {
        output.strip_prefix("---\n").unwrap_or(output).split("\n---\n").collect()
    }
}

/// Replaces every ciphertext. Those of 2048-bit keys begin with `AQ` and have at least 366 characters, which nothing
/// else in a document has.
pub(crate) fn mask(output: &str) -> String {
    let is_base64 = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=');
    let mut masked = String::new();
    let mut rest = output;
    while let Some(start) = rest.find("AQ") {
        let length = rest[start..].find(|character| !is_base64(character)).unwrap_or(rest.len() - start);
        let (before, found) = rest.split_at(start);
        let (found, after) = found.split_at(if length < 366 { 2 } else { length });
        masked.push_str(before);
        masked.push_str(if length < 366 { found } else { "(ciphertext)" });
        rest = after;
    }
    masked + rest
}
