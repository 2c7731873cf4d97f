//! Section 4: `strongroom preview` as its users run it, in a folder, without a cluster.

use std::path::Path;
use std::process::{Command, Output};

use age::x25519::Identity;
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use kubeseal::{Scope, SealingKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::canary;
use crate::scene::{KEYS, seal};
use crate::sops_secret::documents::{Format, Tool, manifest};

/// A folder of manifests with one object of each kind, and beside it the keys that open them.
struct Folder {
    home: TempDir,
}

impl Folder {
    fn new() -> Result<Folder> {
        let home = TempDir::with_prefix("strongroom-preview-")?;
        let identity = Identity::generate();
        let folder = Folder { home };
        folder.write("manifests/nested/sealed.yaml", &format!("---\n{}", sealed("db-sealed", &KEYS[1])?))?;
        folder.write("manifests/sops.yml", &sops("db-sops", &identity)?.to_string())?;
        folder.write("manifests/external.json", &external().to_string())?;
        folder.write("manifests/.hidden/ignored.yaml", "no: manifest: at all")?;
        folder.write("manifests/notes.txt", "no manifest at all")?;
        folder.write("keys.txt", &key_file(&identity))?;
        folder.write("backup.yaml", &backup(&*KEYS)?.to_string())?;
        Ok(folder)
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(self.path()))?;
        Ok(std::fs::write(path, text)?)
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    /// Runs `strongroom preview manifests` with both keys.
    fn preview(&self, flags: &[&str]) -> Result<Output> {
        self.run(&[&["--sealing-key", "backup.yaml", "--age-key", "keys.txt"], flags].concat())
    }

    /// Without keys, without a cluster, and without anything to type on.
    fn run(&self, flags: &[&str]) -> Result<Output> {
        let mut command = Command::new(rig::built_binary("strongroom")?);
        command.env_clear().env("HOME", self.path()).current_dir(self.path()).stdin(std::process::Stdio::null());
        Ok(command.args(["preview", "manifests"]).args(flags).output()?)
    }
}

fn sealed(name: &str, key: &SealingKey) -> Result<Value> {
    let blob = seal(key, Scope::Strict, "shop", name, "one")?;
    let metadata = json!({ "name": name, "namespace": "shop" });
    let template = json!({ "type": "example.com/login", "metadata": { "labels": { "app": "shop" } } });
    let spec = json!({ "encryptedData": { "password": blob }, "template": template });
    Ok(json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": metadata, "spec": spec }))
}

fn sops(name: &str, identity: &Identity) -> Result<Value> {
    let document = Tool::Ours.encrypt(Format::Yaml, &manifest("shop", name, &[("password", "two")]), identity, &[])?;
    let spec = json!({ "decryption": { "secretRef": { "name": "sops-age-key" } }, "document": document });
    let metadata = json!({ "name": name, "namespace": "shop" });
    Ok(json!({ "apiVersion": "strongroom.dev/v1alpha1", "kind": "SopsSecret", "metadata": metadata, "spec": spec }))
}

fn external() -> Value {
    let fake = json!({ "data": [{ "key": "myapp/prod/db-password", "value": canary::value("three") }] });
    let store = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterSecretStore",
        "metadata": { "name": "aws-secrets-manager" }, "spec": { "provider": { "fake": fake } },
    });
    let entry = json!({ "secretKey": "password", "remoteRef": { "key": "myapp/prod/db-password" } });
    let object = json!({
        "apiVersion": "external-secrets.io/v1beta1", "kind": "ExternalSecret",
        "metadata": { "name": "db-external", "namespace": "shop" },
        "spec": {
            "secretStoreRef": { "name": "aws-secrets-manager", "kind": "ClusterSecretStore" },
            "data": [entry],
        },
    });
    json!({ "apiVersion": "v1", "kind": "List", "items": [store, object] })
}

fn key_file(identity: &Identity) -> String {
    use age::secrecy::ExposeSecret as _;
    format!("# public key: {}\n{}\n", identity.to_public(), identity.to_string().expose_secret())
}

/// What `kubectl get secrets -l sealedsecrets.bitnami.com/sealed-secrets-key -o json` writes.
fn backup(keys: &[SealingKey]) -> Result<Value> {
    let secrets = keys.iter().map(|key| {
        let data = json!({
            "tls.crt": ByteString(key.certificate_pem().as_bytes().to_vec()),
            "tls.key": ByteString(key.private_key_pem()?.as_bytes().to_vec()),
        });
        Ok(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "sealed-secrets-key" }, "data": data }))
    });
    Ok(json!({ "apiVersion": "v1", "kind": "List", "items": secrets.collect::<Result<Vec<_>>>()? }))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Standard output of a run in which all went well.
fn succeeded(output: &Output) -> String {
    let complaints = text(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{:?}: {complaints}", output.status);
    text(&output.stdout)
}

/// Standard error of a run in which an object failed.
fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn the_table_names_every_secret_and_its_keys_without_values() -> Result<()> {
    let table = succeeded(&Folder::new()?.preview(&[])?);
    canary::search("the table", &table)?;
    for (secret, object, file) in [
        ("shop/db-sealed", "SealedSecret shop/db-sealed", "manifests/nested/sealed.yaml"),
        ("shop/db-sops", "SopsSecret shop/db-sops", "manifests/sops.yml"),
        ("shop/db-external", "ExternalSecret shop/db-external", "manifests/external.json"),
    ] {
        let line =
            table.lines().find(|line| line.starts_with(secret)).unwrap_or_else(|| panic!("no {secret}: {table}"));
        let known = [" password ", object, file].iter().all(|part| line.contains(part));
        assert!(known, "{line}");
    }
    assert_eq!(table.lines().count(), 4, "{table}");
    Ok(())
}

#[test]
fn manifests_are_whole_but_for_the_values() -> Result<()> {
    let folder = Folder::new()?;
    let yaml = succeeded(&folder.preview(&["-o", "yaml"])?);
    let json = succeeded(&folder.preview(&["-o", "json"])?);
    let from_yaml: Vec<Value> = serde_saphyr::from_multiple(&yaml)?;
    let from_json: Value = serde_json::from_str(&json)?;
    assert_eq!(from_json["kind"], "List");
    assert_eq!(json!(from_yaml), from_json["items"], "both say the same");
    for (printed, place) in [(&yaml, "the YAML"), (&json, "the JSON")] {
        canary::search(place, printed)?;
    }
    let sealed = &from_yaml[0];
    assert_eq!(
        (&sealed["apiVersion"], &sealed["kind"], &sealed["type"]),
        (&json!("v1"), &json!("Secret"), &json!("example.com/login"))
    );
    assert_eq!(sealed["metadata"], json!({ "name": "db-sealed", "namespace": "shop", "labels": { "app": "shop" } }));
    let size = canary::value("one").len();
    assert_eq!(sealed["data"], json!({ "password": format!("<redacted, {size} bytes>") }));
    assert_eq!(from_yaml.len(), 3);
    Ok(())
}

#[test]
fn values_are_shown_only_by_force_where_nobody_can_be_asked() -> Result<()> {
    let folder = Folder::new()?;
    for output in ["table", "yaml", "json"] {
        let refused = folder.preview(&["-o", output, "--show-values"])?;
        let message = failed(&refused);
        assert!(
            message.starts_with("error: ") && message.contains("--force") && message.contains("\nhint: "),
            "{message}"
        );
        assert!(refused.stdout.is_empty());
    }
    let table = succeeded(&folder.preview(&["--show-values", "--force"])?);
    let yaml = succeeded(&folder.preview(&["--show-values", "--force", "-o", "yaml"])?);
    for value in ["one", "two", "three"].map(canary::value) {
        assert!(table.contains(&value), "{value}");
        assert!(yaml.contains(&STANDARD.encode(&value)), "{value}");
    }
    // The force alone shows nothing.
    canary::search("the table", &succeeded(&folder.preview(&["--force"])?))
}

#[test]
fn a_failing_object_is_told_with_its_file_and_reason_and_hides_no_other() -> Result<()> {
    let folder = Folder::new()?;
    let other = Identity::generate();
    folder.write(
        "manifests/foreign.yaml",
        &format!(
            "{}\n---\n{}",
            sops("foreign", &other)?,
            sealed("moved", &KEYS[0])?.to_string().replace("\"moved\"", "\"renamed\"")
        ),
    )?;
    let output = folder.preview(&[])?;
    let complaints = failed(&output);
    let lines: Vec<&str> = complaints.lines().collect();
    let told = |object: &str, reason: &str| {
        let start = format!("error: manifests/foreign.yaml: {object}: {reason}: ");
        lines.iter().filter(|line| line.starts_with(&start)).count() == 1
    };
    assert!(told("SopsSecret shop/foreign", "DecryptFailed"), "{complaints}");
    assert!(told("SealedSecret shop/renamed", "ErrUnsealFailed"), "{complaints}");
    assert_eq!(lines.len(), 2, "{complaints}");
    assert_eq!(text(&output.stdout).lines().count(), 4, "the others are printed");
    canary::search("the complaints", &complaints)
}

#[test]
fn without_keys_each_object_says_which_are_missing() -> Result<()> {
    let folder = Folder::new()?;
    let output = folder.run(&[])?;
    let complaints = failed(&output);
    for part in [
        "manifests/nested/sealed.yaml: SealedSecret shop/db-sealed: KeyMissing",
        "manifests/sops.yml: SopsSecret shop/db-sops: KeyMissing",
    ] {
        assert!(complaints.contains(part), "{part}: {complaints}");
    }
    assert!(text(&output.stdout).contains("shop/db-external"), "a fake store needs no key");
    Ok(())
}

#[test]
fn what_cannot_be_read_is_told_with_its_file() -> Result<()> {
    let folder = Folder::new()?;
    folder.write("manifests/broken.yaml", &format!("password: [{}\n", canary::value("one")))?;
    let mut misshapen = sealed("bad", &KEYS[1])?;
    misshapen["spec"] = json!({ "encryptedData": 7, "template": canary::value("two") });
    folder.write("manifests/misshapen.yaml", &misshapen.to_string())?;
    let mut external = external();
    external["items"][1]["spec"]["secretStoreRef"]["name"] = json!("nowhere");
    external["items"][1]["metadata"]["name"] = json!("lost");
    folder.write("manifests/lost.yaml", &external["items"][1].to_string())?;
    let complaints = failed(&folder.preview(&[])?);
    for part in [
        "error: manifests/broken.yaml: file: Undecodable: ",
        "error: manifests/misshapen.yaml: SealedSecret bad: Undecodable: ",
        "error: manifests/lost.yaml: ExternalSecret shop/lost: StoreMissing: ",
    ] {
        assert!(complaints.contains(part), "{part}: {complaints}");
    }
    canary::search("the complaints", &complaints)
}

#[test]
fn a_wrong_command_line_says_what_to_do() -> Result<()> {
    let folder = Folder::new()?;
    let missing = failed(&folder.run(&["--age-key", "none.txt"])?);
    assert!(missing.starts_with("error: could not read none.txt") && missing.contains("\nhint: "), "{missing}");
    folder.write("empty.yaml", "{}")?;
    let empty = failed(&folder.run(&["--sealing-key", "empty.yaml"])?);
    assert!(empty.starts_with("error: empty.yaml holds no Secret with tls.key and tls.crt"), "{empty}");
    assert_eq!(folder.run(&["--output", "xml"])?.status.code(), Some(2), "as clap answers everywhere");
    std::fs::remove_dir_all(folder.path().join("manifests"))?;
    assert!(failed(&folder.run(&[])?).starts_with("error: could not read manifests"));
    std::fs::create_dir(folder.path().join("manifests"))?;
    let nothing = folder.run(&[])?;
    assert!(
        nothing.status.success()
            && text(&nothing.stderr).contains("holds no SealedSecret, SopsSecret or ExternalSecret")
    );
    Ok(())
}
