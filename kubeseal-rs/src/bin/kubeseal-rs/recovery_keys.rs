//! The sealing keys of a backup: private keys in PEM, or the Secrets that the controller keeps them in, one or many, alone or in
//! a List, as `kubectl get secret -o yaml` writes them.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use kubeseal::{Keyring, SealingKey};

use crate::failure::Failure;
use crate::node::Node;
use crate::secret::Secret;
use crate::{files, input};

/// Reads all keys of the files. One that cannot be used is told on standard error and passed over, unless there is no other.
pub(crate) fn read(paths: &[&Path]) -> Result<Keyring> {
    let mut keys = Vec::new();
    let mut refused = Vec::new();
    for path in paths {
        read_file(path, &mut keys, &mut refused)?;
    }
    if keys.is_empty() {
        let first = refused.into_iter().next();
        let hint = "give the private keys in PEM, or the key Secrets as kubectl writes them";
        return Err(first.unwrap_or_else(|| Failure::with_hint("no sealing key was given", hint)));
    }
    for error in refused {
        let _ = writeln!(io::stderr(), "warning: {error:#}");
    }
    let dated = |key: SealingKey| {
        let begin = key.certificate().not_before();
        (key, begin)
    };
    Ok(Keyring::new(keys.into_iter().map(dated).collect()))
}

fn read_file(path: &Path, keys: &mut Vec<SealingKey>, refused: &mut Vec<anyhow::Error>) -> Result<()> {
    let bytes = if path.as_os_str() == "-" { files::standard_input("sealing keys")? } else { files::read(path)? };
    let is_pem = |line: &&[u8]| line.starts_with(b"-----BEGIN ");
    if let Some(first) = bytes.split(|byte| *byte == b'\n').find(is_pem) {
        if first.starts_with(b"-----BEGIN AGE ") {
            let message = format!("{} is encrypted", path.display());
            return Err(Failure::with_hint(message, "decrypt it first: age --decrypt --identity KEY FILE"));
        }
        match key(&bytes, &bytes) {
            Ok(key) => keys.push(key),
            Err(error) => refused.push(error.context(path.display().to_string())),
        }
        return Ok(());
    }
    for document in input::documents_in(&bytes).with_context(|| path.display().to_string())? {
        for secret in secrets(document) {
            match secret.and_then(key_of) {
                Ok(Some(key)) => keys.push(key),
                Ok(None) => {}
                Err(error) => refused.push(error.context(path.display().to_string())),
            }
        }
    }
    Ok(())
}

/// The Secrets of a document: itself, or the items of a list, which need neither kind nor apiVersion.
fn secrets(document: Node) -> Vec<Result<Option<Secret>>> {
    match document {
        Node::Map(mut fields) if fields.contains_key("items") => match fields.remove("items") {
            Some(Node::List(items)) => items.into_iter().map(Secret::from_document).collect(),
            _ => Vec::new(),
        },
        document => vec![Secret::from_document(document)],
    }
}

fn key_of(secret: Option<Secret>) -> Result<Option<SealingKey>> {
    let Some(Secret { metadata, values, .. }) = secret else { return Ok(None) };
    let Some(private_key) = values.get("tls.key") else {
        let hint = "the key Secrets have the label sealedsecrets.bitnami.com/sealed-secrets-key";
        return Err(Failure::with_hint(format!("the Secret `{}` has no entry tls.key", metadata.name), hint));
    };
    let certificate = values.get("tls.crt").map_or(&[][..], |pem| pem.as_slice());
    key(private_key, certificate).map(Some).with_context(|| format!("Secret `{}`", metadata.name))
}

/// The certificate dates the key. Opening needs none, so one that is missing or does not fit is no reason to refuse.
fn key(private_key: &[u8], certificate: &[u8]) -> Result<SealingKey> {
    let with_certificate = SealingKey::from_pem(private_key, certificate);
    with_certificate.or_else(|_| SealingKey::from_private_key_pem(private_key)).map_err(|error| {
        Failure::over(error, "the sealing key cannot be used", "an entry tls.key holds an RSA key in PEM")
    })
}
