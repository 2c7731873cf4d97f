//! `--merge-into`: values of a Secret sealed into a SealedSecret that exists, under its name, its namespace and its scope, so
//! that they open together with those that are there.

use std::path::Path;

use anyhow::{Context as _, Result};
use kubeseal::{Certificate, Scope};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::args::{Args, Format};
use crate::connection::given;
use crate::failure::Failure;
use crate::known::Known;
use crate::layout::{self, Change, Position};
use crate::sealed_document::{SealedDocument, sealed_secrets};
use crate::sealed_secret::Sealer;
use crate::secret::Secret;
use crate::{files, input, kubeconfig, output, program};

/// Merges the one Secret of the input into the SealedSecret of `file`.
pub(crate) fn merge_into(file: &Path, secrets: &[u8], args: &Args, certificate: &Certificate) -> Result<()> {
    let mut target = Target::read(file)?;
    let mut secret = only_secret(secrets)?;
    let scope = target.scope(&secret, args.scope)?;
    if !target.document.namespace().is_empty() {
        target.document.namespace().clone_into(&mut secret.metadata.namespace);
    }
    let sealer = Sealer {
        certificate,
        scope,
        name: Some(target.document.name()),
        namespace: given(args.connection.namespace.as_ref()),
        default_namespace: || kubeconfig::default_namespace(&args.connection),
        allow_empty_data: args.allow_empty_data,
    };
    let merged = serde_json::to_value(sealer.seal(&secret)?)?;
    let label = scope.label(merged["metadata"]["namespace"].as_str().unwrap_or_default(), target.document.name());
    let mut known = if args.no_cache || program::is_original() { Known::none() } else { Known::open() };
    let mut new = mapping(&merged["spec"]["encryptedData"]);
    target.keep_unchanged(&mut new, |key, old| {
        secret.values.get(key).is_some_and(|plaintext| known.holds(certificate, &label, old, plaintext))
    });
    let is_template_changed = target.add(&new, &merged["spec"]["template"]["metadata"]);
    if let Some(text) = target.text(&new, is_template_changed, args.format)? {
        output::write(Some(file), text.as_bytes())?;
    }
    for (key, ciphertext) in &new {
        if let (Some(ciphertext), Some(plaintext)) = (ciphertext.as_str(), secret.values.get(key)) {
            known.remember(certificate, &label, ciphertext, plaintext);
        }
    }
    known.save();
    Ok(())
}

fn only_secret(secrets: &[u8]) -> Result<Secret> {
    let mut secrets = input::secrets(secrets)?;
    let (_, secret) = secrets.remove(0);
    if secrets.is_empty() {
        Ok(secret)
    } else {
        Err(Failure::with_hint("--merge-into takes one Secret, not several", "call it once for each"))
    }
}

fn mapping(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The file that is merged into.
struct Target {
    text: String,
    document: SealedDocument,
    /// Where the document stands in the file.
    position: Position,
}

impl Target {
    fn read(file: &Path) -> Result<Target> {
        let bytes = files::read(file)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut documents = sealed_secrets(&bytes).with_context(|| file.display().to_string())?;
        let (_, document) = documents.remove(0);
        let refused = |reason: &str, hint: &str| Err(Failure::with_hint(format!("{} {reason}", file.display()), hint));
        if !documents.is_empty() {
            return refused("holds several SealedSecrets", "give each a file of its own");
        }
        if document.name().is_empty() {
            return refused("has no metadata.name", "values are sealed for a name: add it");
        }
        if document.has_first_format() {
            return refused("has the deprecated spec.data, one value for all", "seal the whole Secret anew");
        }
        Ok(Target { text, document, position: Position { document: 0, item: None } })
    }

    /// The scope of the file. What the command line or the Secret asks for must be no other: its values would not open there.
    fn scope(&self, secret: &Secret, asked: Scope) -> Result<Scope> {
        let annotated = Scope::from_annotations(&secret.metadata.annotations);
        let wanted = if asked == Scope::Strict { annotated } else { asked };
        let scope = self.document.scope();
        if wanted == Scope::Strict || wanted == scope {
            return Ok(scope);
        }
        Err(Failure::with_hint(
            format!("the SealedSecret `{}` has the scope {scope}, not {wanted}", self.document.name()),
            "leave --scope and the annotation of the Secret out: values take the scope of the file",
        ))
    }

    /// Takes out of `new` what the file holds already.
    fn keep_unchanged(&self, new: &mut Map<String, Value>, holds: impl Fn(&str, &str) -> bool) {
        let existing = self.document.encrypted_data();
        new.retain(|key, _| existing.get(key).is_none_or(|old| !holds(key, old)));
    }

    /// Adds values, and the labels and annotations of the Secret; answers whether the latter changed anything.
    fn add(&mut self, new: &Map<String, Value>, metadata: &Value) -> bool {
        self.document.add(&["spec", "encryptedData"], new);
        let add = |field| self.document.add(&["spec", "template", "metadata", field], &mapping(&metadata[field]));
        ["annotations", "labels"].map(add).contains(&true)
    }

    /// The text of the file, or None when it is to stay as it is. One in YAML keeps its comments and its layout when only
    /// values change and no format was asked for; otherwise it is written as the original writes it.
    fn text(
        self,
        new: &Map<String, Value>,
        is_template_changed: bool,
        format: Option<Format>,
    ) -> Result<Option<Zeroizing<String>>> {
        let is_json = self.text.trim_start().starts_with('{');
        if format.is_none() && !is_template_changed {
            if new.is_empty() {
                return Ok(None);
            }
            let change = |(key, value): (&String, &Value)| Change {
                object: self.position,
                key: key.clone(),
                value: value.as_str().map(str::to_owned),
            };
            let changes: Vec<Change> = new.iter().map(change).collect();
            // A layout that cannot be kept is no reason to fail: the file is then written anew.
            let kept = if is_json { None } else { layout::rewrite(&self.text, &changes).ok() };
            if let Some(text) = kept {
                return Ok(Some(Zeroizing::new(text)));
            }
        }
        let own = if is_json { Format::Json } else { Format::Yaml };
        self.document.written(format.unwrap_or(own)).map(Some)
    }
}
