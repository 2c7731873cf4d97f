//! Sealing keys, made once for all tests, and the original program that opens with them.

use std::collections::BTreeMap;
use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use kubeseal::{Scope, SealingKey};
use serde_json::Value;

/// Two keys of a cluster, the older first, and one of another cluster.
pub(crate) static KEYS: LazyLock<[SealingKey; 3]> =
    LazyLock::new(|| ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"].map(key));

pub(crate) const OLD: usize = 0;
pub(crate) const NEW: usize = 1;
pub(crate) const FOREIGN: usize = 2;

fn key(begin: &str) -> SealingKey {
    SealingKey::generate(2048, "", begin.parse().unwrap(), Duration::from_hours(100 * 365 * 24)).unwrap()
}

/// A value as it stands in a file.
pub(crate) fn sealed(key: usize, scope: Scope, (namespace, name): (&str, &str), value: &str) -> String {
    let label = scope.label(namespace, name);
    kubeseal::encode_base64(&kubeseal::seal(KEYS[key].certificate(), &label, value.as_bytes()).unwrap())
}

/// Private key and certificate in one PEM file.
pub(crate) fn pem(key: usize) -> String {
    format!("{}{}", KEYS[key].private_key_pem().unwrap().as_str(), KEYS[key].certificate_pem())
}

/// The key Secrets of a cluster, as `kubectl get secret -o yaml` writes them.
pub(crate) fn backup(keys: &[usize]) -> String {
    let item = |key: &usize| {
        let private = kubeseal::encode_base64(KEYS[*key].private_key_pem().unwrap().as_bytes());
        let certificate = kubeseal::encode_base64(KEYS[*key].certificate_pem().as_bytes());
        format!(
            "- apiVersion: v1\n  kind: Secret\n  metadata: {{name: key-{key}, namespace: kube-system}}\n  \
             type: kubernetes.io/tls\n  data:\n    tls.crt: {certificate}\n    tls.key: {private}\n"
        )
    };
    format!("apiVersion: v1\nkind: List\nitems:\n{}", keys.iter().map(item).collect::<String>())
}

/// A program of the cache that `make peers` fills.
pub(crate) fn peer(name: &str) -> PathBuf {
    let cache = env::var_os("STRONGROOM_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("strongroom")));
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/strongroom")));
    let path = cache.expect("neither STRONGROOM_CACHE nor HOME is set").join("peers/bin").join(name);
    assert!(path.exists(), "{} is missing; run `make peers`", path.display());
    path
}

/// Opens one SealedSecret with the original and one key; `None` when it does not open.
pub(crate) fn opened(document: &str, key: usize) -> Option<BTreeMap<String, String>> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(KEYS[key].private_key_pem().unwrap().as_bytes()).unwrap();
    let mut command = Command::new(peer("kubeseal"));
    command.arg("--recovery-unseal").arg("--recovery-private-key").arg(file.path()).env_clear().env("HOME", "/");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if !output.status.success() {
        return None;
    }
    let secret: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| String::from_utf8(kubeseal::decode_base64(value.as_str().unwrap()).unwrap()).unwrap();
    Some(secret["data"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), text(value))).collect())
}

/// The values by name, to compare with.
pub(crate) fn values(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
