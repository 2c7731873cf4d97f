//! Moves values on this machine, with a backup of the sealing keys.

use anyhow::Result;
use jiff::Timestamp;
use kubeseal::{Certificate, Diagnosis, Keyring, Opener, Place, Unsealed};

use crate::failure::Failure;
use crate::known::Known;
use crate::reseal::mover::Outcome;
use crate::sealed_file::SealedObject;

/// The keys, and the certificate to move to.
pub(crate) struct Backup {
    pub(crate) keyring: Keyring,
    pub(crate) newest: Certificate,
}

/// The certificate of the newest key.
pub(crate) fn newest(keyring: &Keyring) -> Result<Certificate> {
    let newest = keyring.newest().ok_or_else(|| {
        let hint = "give the Secrets with the label of sealing keys, or PEM keys";
        Failure::with_hint("the key backup holds no key", hint)
    })?;
    // A private key that came alone has no date by which it could be the newest.
    if newest.certificate().not_before() == Timestamp::UNIX_EPOCH {
        return Err(Failure::with_hint(
            "the key backup does not say which key is the newest: it has no certificates",
            "name the certificate to move to with --cert",
        ));
    }
    Ok(newest.certificate().clone())
}

impl Backup {
    /// Moves the values that the newest key has not sealed.
    pub(crate) fn move_values(&self, object: &SealedObject, place: &Place, known: &Known) -> Outcome {
        let label = place.scope.label(&place.namespace, &place.name);
        let mut opener = Opener::new(&self.keyring, label, Some(self.newest.fingerprint().to_owned()));
        let mut outcome = Outcome::default();
        for (key, text) in &object.entries {
            let text = text.as_deref();
            if text.is_some_and(|text| known.is_sealed_for(&self.newest, text)) {
                outcome.current.push(key.clone());
                continue;
            }
            let blob = text.ok_or("there is no text".to_owned());
            let blob = blob.and_then(|text| kubeseal::decode_base64(text).map_err(|error| error.to_string()));
            let moved = blob.and_then(|blob| {
                let unsealed = opener.open(&blob).map_err(|_| self.reason(&blob, place, object))?;
                self.sealed_anew(opener.label(), &unsealed)
            });
            match moved {
                Ok(Some(sealed)) => drop(outcome.moved.insert(key.clone(), kubeseal::encode_base64(&sealed))),
                Ok(None) => outcome.current.push(key.clone()),
                Err(reason) => outcome.failed.push((key.clone(), reason)),
            }
        }
        outcome
    }

    /// A value sealed by the newest key; `None` when it is already.
    fn sealed_anew(&self, label: &[u8], unsealed: &Unsealed<'_>) -> Result<Option<Vec<u8>>, String> {
        if unsealed.key.fingerprint() == self.newest.fingerprint() {
            return Ok(None);
        }
        let sealed = kubeseal::seal(&self.newest, label, &unsealed.plaintext).map_err(|error| error.to_string())?;
        // Nothing leaves a file before what replaces it has been opened, when that can be done here.
        if self.has_newest() {
            let again = self.keyring.unseal(label, &sealed, Some(self.newest.fingerprint()));
            if !again.is_ok_and(|again| *again.plaintext == *unsealed.plaintext) {
                return Err("what was sealed does not open".to_owned());
            }
        }
        Ok(Some(sealed))
    }

    fn has_newest(&self) -> bool {
        self.keyring.keys().iter().any(|key| key.fingerprint() == self.newest.fingerprint())
    }

    /// Why a value does not open, for whoever holds the keys.
    fn reason(&self, blob: &[u8], place: &Place, object: &SealedObject) -> String {
        let (namespace, name) = &object.template;
        let former = Place {
            namespace: namespace.clone().unwrap_or_else(|| place.namespace.clone()),
            name: name.clone().unwrap_or_else(|| place.name.clone()),
            scope: place.scope,
        };
        let diagnosis = kubeseal::diagnose(&self.keyring, blob, place, &[former]);
        let is_unknown = matches!(diagnosis, Diagnosis::NoKey | Diagnosis::OtherKeySize { .. });
        if is_unknown && !self.has_newest() {
            return "no key here opens it, unless the newest has sealed it, whose private key is not here".to_owned();
        }
        diagnosis.to_string()
    }
}
