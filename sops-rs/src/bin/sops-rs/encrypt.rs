//! `encrypt`: from the flags and the creation rule to a new file.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use sops::config::CreationRule;
use sops::rules::SelectorError;
use sops::{Creation, Document, Error, Recipient, Selector};

use crate::args::Flags;
use crate::failure::{Failure, code};
use crate::settings::Settings;
use crate::{input, output};

pub(crate) fn run(flags: &Flags) -> Result<(), Failure> {
    let Some(path) = flags.filename_override.as_deref().or(flags.file.as_deref()) else {
        return Err(Failure::new(code::CONFLICT, "standard input needs --filename-override")
            .hint("its name decides the format and the creation rule"));
    };
    let (format, name) = (input::format(flags)?, input::name(flags));
    let out = input::output_format(flags, format)?;
    let bytes = input::read(flags)?;
    let document = Document::load(format, &bytes).map_err(|error| unusable(error).about(&name))?;
    let settings = Settings::load(flags)?;
    let creation = creation(flags, &settings, path)?;
    let encrypted = document.encrypt(&creation.borrowed(), &mut random).map_err(|error| failed(error).about(&name))?;
    let bytes = encrypted.emit(out, settings.indent(out)).map_err(not_emitted)?;
    output::write(flags, &bytes, output::Secrecy::Ciphertext)
}

/// A block that cannot be read still says that somebody has encrypted the file.
fn unusable(error: Error) -> Failure {
    match error {
        Error::Metadata(_) => Error::AlreadyEncrypted.into(),
        other => other.into(),
    }
}

fn failed(error: Error) -> Failure {
    let mut failure = Failure::from(error);
    if failure.code == code::DECRYPTION {
        failure.code = code::ENCRYPTION;
    }
    failure
}

fn not_emitted(error: Error) -> Failure {
    Failure { code: code::NOT_EMITTED, ..Failure::from(error) }
}

/// [`Creation`] with its recipients.
struct Owned {
    recipients: Vec<Recipient>,
    selector: Option<Selector>,
    allow_unencrypted: bool,
    mac_only_encrypted: bool,
    now: Timestamp,
}

impl Owned {
    fn borrowed(&self) -> Creation<'_> {
        Creation {
            recipients: &self.recipients,
            selector: self.selector.clone(),
            allow_unencrypted: self.allow_unencrypted,
            mac_only_encrypted: self.mac_only_encrypted,
            now: self.now,
        }
    }
}

fn creation(flags: &Flags, settings: &Settings, path: &Path) -> Result<Owned, Failure> {
    let rule = settings.creation_rule(path)?.unwrap_or_default();
    let mut recipients = Vec::new();
    for list in &flags.age {
        let parsed = Recipient::parse_list(list).map_err(|error| Failure::from(Error::Age(error)))?;
        recipients.extend(parsed);
    }
    Ok(Owned {
        selector: selector(flags, &rule)?,
        recipients: if recipients.is_empty() { rule.recipients } else { recipients },
        allow_unencrypted: flags.allow_unencrypted,
        mac_only_encrypted: flags.mac_only_encrypted || rule.mac_only_encrypted,
        now: now(),
    })
}

/// Each selector of the command line replaces the same one of the rule; together there must be one at most.
fn selector(flags: &Flags, rule: &CreationRule) -> Result<Option<Selector>, Failure> {
    let given = [
        ("unencrypted_suffix", &flags.unencrypted_suffix),
        ("encrypted_suffix", &flags.encrypted_suffix),
        ("unencrypted_regex", &flags.unencrypted_regex),
        ("encrypted_regex", &flags.encrypted_regex),
        ("unencrypted_comment_regex", &flags.unencrypted_comment_regex),
        ("encrypted_comment_regex", &flags.encrypted_comment_regex),
    ];
    let of_rule = |name: &str| rule.selector.as_ref().filter(|selector| selector.name() == name).map(Selector::text);
    let candidates = given.map(|(name, flag)| {
        let text = flag.as_deref().filter(|text| !text.is_empty()).or_else(|| of_rule(name));
        (name, text.map(str::to_owned))
    });
    Selector::only(candidates).map_err(|error| match error {
        SelectorError::Conflict { .. } => Failure::new(code::CONFLICT, error.to_string())
            .hint("a file has one selector; those of .sops.yaml count too"),
        _ => Error::Selector(error).into(),
    })
}

fn random(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(io::Error::other)
}

#[expect(clippy::disallowed_methods, reason = "the one clock of this binary")]
fn now() -> Timestamp {
    Timestamp::now()
}
