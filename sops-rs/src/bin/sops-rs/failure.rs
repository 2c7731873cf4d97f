//! What ends the program: an exit code of `sops`, what is wrong, and what to do next.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use sops::format::ShapeError;
use sops::format::yaml::YamlError;
use sops::metadata::MetadataError;
use sops::rules::SelectorError;
use sops::{Error, KeyError};

use crate::program;

/// Exit codes, as scripts around `sops` know them.
pub(crate) mod code {
    pub(crate) const GENERIC: u8 = 1;
    pub(crate) const UNREADABLE: u8 = 2;
    pub(crate) const NOT_WRITTEN: u8 = 3;
    pub(crate) const NOT_EMITTED: u8 = 4;
    pub(crate) const BAD_CONTEXT: u8 = 6;
    pub(crate) const BAD_ASSIGNMENT: u8 = 7;
    pub(crate) const CONFLICT: u8 = 8;
    pub(crate) const ENCRYPTION: u8 = 23;
    pub(crate) const DECRYPTION: u8 = 25;
    pub(crate) const KEYS_OF_NO_FILE: u8 = 49;
    pub(crate) const MAC: u8 = 51;
    pub(crate) const EXTRACT: u8 = 91;
    pub(crate) const NO_DOCUMENT: u8 = 92;
    pub(crate) const NO_FILE: u8 = 100;
    pub(crate) const DUPLICATE_ORDER: u8 = 112;
    pub(crate) const NO_KEY: u8 = 128;
    pub(crate) const UNCHANGED: u8 = 200;
    pub(crate) const EDITOR: u8 = 201;
    pub(crate) const ALREADY_ENCRYPTED: u8 = 203;
}

/// What is different about expressions to who knows those of other languages.
pub(crate) const ABOUT_EXPRESSIONS: &str =
    "expressions are those of Go (RE2): there is no look-around, and `\\` makes a bracket or point stand for itself";

/// An end with an exit code other than 0.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// All that the original says in this case. Its own tests compare it to the letter.
    original: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), hint: None, original: None }
    }

    /// A key group without keys.
    pub(crate) fn empty_group() -> Failure {
        let words = "Could not generate data key: [empty key group provided]";
        let failure = Failure { original: Some(words), ..Failure::new(code::GENERIC, words) };
        failure.hint("the creation rule in .sops.yaml, or what is left of a key group, names no key")
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// Names the file the failure is about.
    pub(crate) fn about(self, name: &str) -> Failure {
        Failure { message: format!("{name}: {}", self.message), ..self }
    }

    /// The same about sealing values instead of opening them.
    pub(crate) fn sealing(self) -> Failure {
        let code = if self.code == code::DECRYPTION { code::ENCRYPTION } else { self.code };
        Failure { code, ..self }
    }

    /// An error of writing a tree in its format.
    pub(crate) fn not_emitted(error: Error) -> Failure {
        Failure { code: code::NOT_EMITTED, ..Failure::from(error) }
    }

    /// The same with the exit code for everything without one of its own.
    pub(crate) fn generic(self) -> Failure {
        Failure { code: code::GENERIC, ..self }
    }

    pub(crate) fn report(&self) {
        if let Some(words) = self.original.filter(|_| program::name() == program::ORIGINAL) {
            return say(words);
        }
        say(&program::as_called(&format!("error: {}", self.message)));
        if let Some(hint) = &self.hint {
            say(&program::as_called(&format!("hint: {hint}")));
        }
    }
}

/// Says what was done.
pub(crate) fn say(message: &str) {
    // There is nobody left to tell when this fails.
    let _ = writeln!(io::stderr(), "{}", visible(message));
}

static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Lets [`tell`] speak.
pub(crate) fn be_verbose() {
    VERBOSE.store(true, Ordering::Relaxed);
}

/// Says what is done, for who asked with `--verbose`.
pub(crate) fn tell(message: impl FnOnce() -> String) {
    if VERBOSE.load(Ordering::Relaxed) {
        say(&message());
    }
}

/// Says something that ends nothing.
pub(crate) fn warn(message: &str) {
    say(&format!("warning: {message}"));
}

/// A text without control characters: names from a file must not move the cursor of a terminal.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |character: char| character.is_control() && character != '\n' && character != '\t';
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let shown =
        |character: char| if hidden(character) { character.escape_unicode().to_string() } else { character.into() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// The same in one line.
pub(crate) fn visible_line(text: &str) -> String {
    visible(&text.replace(['\n', '\r'], " ")).into_owned()
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::new(code::NOT_WRITTEN, format!("the output could not be written: {error}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let (code, hint) = match &error {
            // The original meets these two only when it encrypts.
            Error::Yaml(YamlError::KeyNotString { .. }) => (code::ENCRYPTION, Some("put the key in quotes")),
            Error::Yaml(YamlError::IntegerTooLarge { .. }) => {
                (code::ENCRYPTION, Some("put the number in quotes: SOPS has no type for it"))
            }
            Error::Yaml(_) | Error::Json(_) | Error::Dotenv(_) | Error::Ini(_) => (code::UNREADABLE, None),
            Error::Shape { cause: ShapeError::NoData, .. } => (
                code::NOT_EMITTED,
                Some("this is likely no encrypted binary file: `--output-type` names another format"),
            ),
            Error::Shape { .. } => (code::NOT_EMITTED, None),
            Error::Metadata(MetadataError::NoKeys) => {
                (code::GENERIC, Some("the file was written by something that is not sops"))
            }
            Error::NotEncrypted => {
                (code::GENERIC, Some("the file is not encrypted; `sops-rs encrypt FILE` encrypts it"))
            }
            Error::AlreadyEncrypted => (
                code::ALREADY_ENCRYPTED,
                Some("`sops-rs decrypt FILE` decrypts it; if the file is plain, rename its key `sops`"),
            ),
            Error::Empty => (code::NO_DOCUMENT, None),
            Error::Mac(_) => (
                code::MAC,
                Some("restore the file from version control; `--ignore-mac` shows what is in it all the same"),
            ),
            Error::NoIdentity { .. } => {
                (code::NO_KEY, Some("set SOPS_AGE_KEY_FILE to a file with the identity of one of these recipients"))
            }
            Error::Selector(SelectorError::Invalid { .. }) => (code::GENERIC, Some(ABOUT_EXPRESSIONS)),
            Error::Wrap { cause: KeyError::Unsupported(_), .. } => (
                code::GENERIC,
                Some("name a key of another type, or a key service (`--keyservice`) that has keys of this type"),
            ),
            Error::NoRecipient => (code::GENERIC, Some("give `--age age1…`, or a creation rule in `.sops.yaml`")),
            Error::NothingSelected(_) => (
                code::GENERIC,
                Some("check the selector, or give `--allow-unencrypted` if the file is to stay in clear"),
            ),
            Error::CommentMatches(_) => (code::ENCRYPTION, Some("use an expression that base64 text does not match")),
            Error::Value { .. } => {
                (code::DECRYPTION, Some("the file was changed after it was encrypted, or merged badly"))
            }
            _ => (code::GENERIC, None),
        };
        Failure { hint: hint.map(str::to_owned), ..Failure::new(code, visible_line(&error.to_string())) }
    }
}
