//! `decrypt`: the whole file, or the part `--extract` names.

use sops::{Branch, DataKey, Document, Error};
use zeroize::Zeroizing;

use crate::args::Flags;
use crate::extract;
use crate::failure::{Failure, code, warn};
use crate::identities::Identities;
use crate::settings::Settings;
use crate::{input, output};

pub(crate) fn run(flags: &Flags) -> Result<(), Failure> {
    let format = input::format(flags)?;
    let out = input::output_format(flags, format)?;
    let path = flags.extract.as_deref().map(extract::parse).transpose()?;
    let name = input::name(flags);
    let bytes = input::read(flags)?;
    // The original ends with 2 only when a file to encrypt is not well formed.
    let document = Document::load(format, &bytes).map_err(|error| match error {
        Error::Yaml(_) | Error::Json(_) => Failure::new(code::GENERIC, error.to_string()).about(&name),
        other => Failure::from(other).about(&name),
    })?;
    let settings = Settings::load(flags)?;
    let key = data_key(&document).map_err(|failure| failure.about(&name))?;
    let branches = open(&document, &key, flags.ignore_mac).map_err(|error| Failure::from(error).about(&name))?;
    let indent = settings.indent(out);
    let text = match path {
        Some(path) => extract::emit(&branches, &path, out, indent)?,
        None => out.emit(&branches, indent).map_err(|error| Failure { code: code::NOT_EMITTED, ..error.into() })?,
    };
    output::write(flags, &text, output::Secrecy::Plaintext)
}

/// Opens the data key with the identities of this user.
pub(crate) fn data_key(document: &Document) -> Result<DataKey, Failure> {
    if !document.is_encrypted() {
        return Err(Error::NotEncrypted.into());
    }
    let identities = Identities::load();
    document.data_key(&identities.found).map_err(|error| match error {
        Error::NoIdentity { .. } => identities.explain(error.into()),
        other => other.into(),
    })
}

fn open(document: &Document, key: &DataKey, ignore_mac: bool) -> Result<Zeroizing<Vec<Branch>>, Error> {
    if !ignore_mac {
        return document.decrypt(key);
    }
    warn("--ignore-mac: nothing tells whether values were swapped, added, removed or replaced by older ones");
    document.decrypt_ignoring_mac(key)
}
