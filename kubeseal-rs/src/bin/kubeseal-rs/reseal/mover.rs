//! Moves the values of one SealedSecret to the newest key: with a backup of the keys on this machine, or through the
//! controller, which never shows a value. Scope, namespace and name stay: a value goes under the label that has opened it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use kubeseal::{Certificate, Keyring, Place, SealedFacts};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::cluster::Controller;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::known::Known;
use crate::pin;
use crate::reseal::backup::{self, Backup};
use crate::sealed_file::SealedObject;

/// What became of the values of an object.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The new texts of those that are to move.
    pub(crate) moved: BTreeMap<String, String>,
    /// The keys of those that the newest key has sealed already.
    pub(crate) current: Vec<String>,
    /// What is the matter with the others, or with the object, whose key is then empty.
    pub(crate) failed: Vec<(String, String)>,
}

impl Outcome {
    fn failed(reason: impl Into<String>) -> Outcome {
        Outcome { failed: vec![(String::new(), reason.into())], ..Outcome::default() }
    }
}

/// Who opens and seals.
pub(crate) enum Mover {
    Backup(Backup),
    Controller(Box<Asked>),
}

/// A controller, and the certificate that it handed out before the first value was moved.
pub(crate) struct Asked {
    runtime: Runtime,
    controller: Controller,
    newest: Certificate,
}

impl Mover {
    /// Moves to `certificate`, or else to the newest of the keys that has one.
    pub(crate) fn with_backup(keyring: Keyring, certificate: Option<Certificate>, now: Timestamp) -> Result<Mover> {
        let newest = match certificate {
            Some(certificate) => certificate,
            None => backup::newest(&keyring)?,
        };
        if newest.is_expired(now) {
            let day = newest.not_after().strftime("%B %-d, %Y");
            let hint = "let the controller renew its key, then take the backup again";
            return Err(Failure::with_hint(format!("the certificate of the newest key expired on {day}"), hint));
        }
        Ok(Mover::Backup(Backup { keyring, newest }))
    }

    /// Moves to the certificate that the controller hands out.
    pub(crate) fn with_controller(connection: &Connection) -> Result<Mover> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (controller, pem) = runtime.block_on(async {
            let controller = Controller::connect(connection).await?;
            let pem = controller.certificate().await?;
            anyhow::Ok((controller, pem))
        })?;
        let newest = Certificate::from_pem(&pem).context("the controller's certificate cannot be used")?;
        Ok(Mover::Controller(Box::new(Asked { runtime, controller, newest })))
    }

    /// What everything moves to.
    pub(crate) fn newest(&self) -> &Certificate {
        match self {
            Mover::Backup(backup) => &backup.newest,
            Mover::Controller(asked) => &asked.newest,
        }
    }

    /// Refuses when it is not the certificate that was meant.
    pub(crate) fn check(&self, fingerprint: Option<&str>, now: Timestamp) -> Result<()> {
        pin::check(self.newest(), fingerprint, now)
    }

    /// Whether the certificate is still the newest. A controller that has renewed its key meanwhile has sealed some values for
    /// one and some for the other.
    pub(crate) fn is_still_newest(&self) -> bool {
        let Mover::Controller(asked) = self else { return true };
        let pem = asked.runtime.block_on(asked.controller.certificate());
        let certificate = pem.ok().and_then(|pem| Certificate::from_pem(&pem).ok());
        certificate.is_some_and(|certificate| certificate.fingerprint() == asked.newest.fingerprint())
    }

    /// Moves the values of an object that need it.
    pub(crate) fn move_values(&self, object: &SealedObject, namespace: Option<&str>, known: &Known) -> Outcome {
        if object.has_first_format {
            return Outcome::failed("it has the deprecated first format, spec.data: seal its Secret again");
        }
        if object.name.is_empty() && object.scope == kubeseal::Scope::Strict {
            return Outcome::failed("it has no metadata.name");
        }
        let place = object.place(namespace);
        match self {
            Mover::Backup(backup) => backup.move_values(object, &place, known),
            Mover::Controller(asked) => asked.move_values(object, &place, known),
        }
    }
}

impl Asked {
    fn move_values(&self, object: &SealedObject, place: &Place, known: &Known) -> Outcome {
        let texts: Option<BTreeMap<&str, &str>> =
            object.entries.iter().map(|(key, text)| Some((key.as_str(), text.as_deref()?))).collect();
        let Some(texts) = texts else {
            let empty = object.entries.iter().filter(|(_, text)| text.is_none());
            let failed = empty.map(|(key, _)| (key.clone(), "there is no text".to_owned())).collect();
            return Outcome { failed, ..Outcome::default() };
        };
        if texts.values().all(|text| known.is_sealed_for(&self.newest, text)) {
            return Outcome { current: texts.keys().map(|key| (*key).to_owned()).collect(), ..Outcome::default() };
        }
        match self.rotated(&texts, place) {
            Ok(answer) => self.judged(&texts, &answer),
            Err(reason) => Outcome::failed(reason),
        }
    }

    /// Asks for nothing but what is needed: no template goes to the controller, so none is rendered there.
    fn rotated(&self, texts: &BTreeMap<&str, &str>, place: &Place) -> Result<Value, String> {
        let annotations: BTreeMap<&str, &str> =
            place.scope.annotation().map(|name| (name, "true")).into_iter().collect();
        let metadata = json!({ "name": place.name, "namespace": place.namespace, "annotations": annotations });
        let spec = json!({ "encryptedData": texts, "template": { "metadata": metadata } });
        let body =
            json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": metadata, "spec": spec });
        let asked = self.runtime.block_on(self.controller.post("rotate", body.to_string().into_bytes()));
        let (status, answer) = asked.map_err(|error| crate::sentence(&error))?;
        match status.as_u16() {
            200 => serde_json::from_slice(&answer).map_err(|_| "the controller's answer is no SealedSecret".to_owned()),
            409 | 500 => Err("the controller cannot open it under its namespace, name and scope".to_owned()),
            413 => Err("it is too large for the controller".to_owned()),
            status => Err(format!("the controller answered with status {status}")),
        }
    }

    /// Takes over the texts of an answer that can be what was asked for: the same keys, the size of the newest key, values as
    /// long as before.
    fn judged(&self, texts: &BTreeMap<&str, &str>, answer: &Value) -> Outcome {
        let mut outcome = Outcome::default();
        for (key, old) in texts {
            match answer["spec"]["encryptedData"][*key].as_str() {
                Some(new) if new == *old => outcome.current.push((*key).to_owned()),
                Some(new) if self.is_plausible(old, new) => {
                    outcome.moved.insert((*key).to_owned(), new.to_owned());
                }
                _ => outcome.failed.push(((*key).to_owned(), "the controller answered with something else".to_owned())),
            }
        }
        outcome
    }

    fn is_plausible(&self, old: &str, new: &str) -> bool {
        let facts = |text| kubeseal::decode_base64(text).ok().and_then(|blob| SealedFacts::of(&blob));
        let (old, new) = (facts(old), facts(new));
        new.is_some_and(|new| {
            new.key_bits == self.newest.modulus_len() * 8 && old.is_some_and(|old| old.value_len == new.value_len)
        })
    }
}
