//! Which values of a file are encrypted: one of six selectors, tested on every key of a path or on comments.
//!
//! An expression that does not compile is an error here, at encryption and at decryption alike; the original ignores
//! it and, with `encrypted_regex`, writes everything in clear.

use regex::Regex;

pub(crate) mod go_regex;

#[cfg(test)]
mod tests;

/// The selector written when none is given.
pub const DEFAULT_UNENCRYPTED_SUFFIX: &str = "_unencrypted";

/// How a file selects the values to encrypt. A file has exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Keys with this suffix, and all below them, stay plain.
    UnencryptedSuffix(String),
    /// Only keys with this suffix, and all below them, are encrypted.
    EncryptedSuffix(String),
    /// Keys this expression finds, and all below them, stay plain.
    UnencryptedRegex(String),
    /// Only keys this expression finds, and all below them, are encrypted.
    EncryptedRegex(String),
    /// Values under a comment this expression finds stay plain.
    UnencryptedCommentRegex(String),
    /// Only values under a comment this expression finds are encrypted.
    EncryptedCommentRegex(String),
}

/// A selector that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// The expression does not compile.
    #[error("{name} is not a valid expression")]
    Invalid {
        /// Name of the selector.
        name: &'static str,
    },
    /// Two selectors at once.
    #[error("{first} and {second} exclude each other")]
    Conflict {
        /// The selector met first.
        first: &'static str,
        /// The other one.
        second: &'static str,
    },
}

impl Default for Selector {
    fn default() -> Self {
        Selector::UnencryptedSuffix(DEFAULT_UNENCRYPTED_SUFFIX.to_owned())
    }
}

impl Selector {
    /// For a file that is encrypted whole whatever its keys: none is written.
    pub fn none() -> Selector {
        Selector::UnencryptedSuffix(String::new())
    }

    /// The names of the six, as they stand in metadata and configuration.
    pub const NAMES: [&'static str; 6] = [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ];

    /// The selector called `name`; `None` if there is no such selector.
    pub fn from_name(name: &str, text: String) -> Option<Selector> {
        Some(match name {
            "unencrypted_suffix" => Selector::UnencryptedSuffix(text),
            "encrypted_suffix" => Selector::EncryptedSuffix(text),
            "unencrypted_regex" => Selector::UnencryptedRegex(text),
            "encrypted_regex" => Selector::EncryptedRegex(text),
            "unencrypted_comment_regex" => Selector::UnencryptedCommentRegex(text),
            "encrypted_comment_regex" => Selector::EncryptedCommentRegex(text),
            _ => return None,
        })
    }

    /// The one selector among `candidates` (name, text); an empty text is no selector. `None` if there is none.
    ///
    /// # Errors
    /// [`SelectorError::Conflict`] when two are given.
    pub fn only(
        candidates: impl IntoIterator<Item = (&'static str, Option<String>)>,
    ) -> Result<Option<Selector>, SelectorError> {
        let mut found: Option<Selector> = None;
        for (name, text) in candidates {
            let Some(text) = text.filter(|text| !text.is_empty()) else { continue };
            if let Some(first) = &found {
                return Err(SelectorError::Conflict { first: first.name(), second: name });
            }
            found = Selector::from_name(name, text);
        }
        Ok(found)
    }

    /// Name in metadata and configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Selector::UnencryptedSuffix(_) => "unencrypted_suffix",
            Selector::EncryptedSuffix(_) => "encrypted_suffix",
            Selector::UnencryptedRegex(_) => "unencrypted_regex",
            Selector::EncryptedRegex(_) => "encrypted_regex",
            Selector::UnencryptedCommentRegex(_) => "unencrypted_comment_regex",
            Selector::EncryptedCommentRegex(_) => "encrypted_comment_regex",
        }
    }

    /// The suffix or expression.
    pub fn text(&self) -> &str {
        match self {
            Selector::UnencryptedSuffix(text)
            | Selector::EncryptedSuffix(text)
            | Selector::UnencryptedRegex(text)
            | Selector::EncryptedRegex(text)
            | Selector::UnencryptedCommentRegex(text)
            | Selector::EncryptedCommentRegex(text) => text,
        }
    }
}

/// A selector made ready for walking trees.
pub struct Rules {
    test: Test,
    subject: Subject,
    /// What a match means: `true` for the `encrypted_*` selectors.
    encrypts: bool,
}

enum Test {
    Suffix(String),
    Regex(Regex),
}

#[derive(PartialEq)]
enum Subject {
    Key,
    Comment,
}

impl Rules {
    /// Compiles a selector.
    ///
    /// # Errors
    /// [`SelectorError::Invalid`] if its expression is not one Go would accept.
    pub fn new(selector: &Selector) -> Result<Rules, SelectorError> {
        let (subject, encrypts) = match selector {
            Selector::UnencryptedSuffix(_) | Selector::UnencryptedRegex(_) => (Subject::Key, false),
            Selector::EncryptedSuffix(_) | Selector::EncryptedRegex(_) => (Subject::Key, true),
            Selector::UnencryptedCommentRegex(_) => (Subject::Comment, false),
            Selector::EncryptedCommentRegex(_) => (Subject::Comment, true),
        };
        let test = match selector {
            Selector::UnencryptedSuffix(suffix) | Selector::EncryptedSuffix(suffix) => Test::Suffix(suffix.clone()),
            _ => {
                Test::Regex(go_regex::compile(selector.text()).ok_or(SelectorError::Invalid { name: selector.name() })?)
            }
        };
        Ok(Rules { test, subject, encrypts })
    }

    fn test(&self, text: &str) -> bool {
        match &self.test {
            Test::Suffix(suffix) => !suffix.is_empty() && text.ends_with(suffix.as_str()),
            Test::Regex(regex) => regex.is_match(text),
        }
    }

    /// Whether comments decide.
    pub fn read_comments(&self) -> bool {
        self.subject == Subject::Comment
    }

    /// Whether an encrypted comment with this text would change the decision when the file is read again.
    pub fn trips_over(&self, sealed_comment: &str) -> bool {
        self.subject == Subject::Comment && !self.encrypts && self.test(sealed_comment)
    }
}

/// The state of a walk: which keys of the path and which open comments matched.
///
/// One frame per open container. A comment stays open until the next value of its container.
pub struct Scope<'a> {
    rules: &'a Rules,
    keys: Vec<bool>,
    comments: Vec<Frame>,
}

#[derive(Clone, Copy, Default)]
struct Frame {
    matched: bool,
    /// The same without the latest comment.
    matched_before: bool,
}

impl<'a> Scope<'a> {
    /// The scope at the top of a document.
    pub fn new(rules: &'a Rules) -> Scope<'a> {
        Scope { rules, keys: Vec::new(), comments: Vec::new() }
    }

    /// Goes below a map key.
    pub fn enter_key(&mut self, key: &str) {
        let above = self.keys.last().copied().unwrap_or(false);
        self.keys.push(above || (self.rules.subject == Subject::Key && self.rules.test(key)));
    }

    /// Leaves the map key entered last.
    pub fn leave_key(&mut self) {
        self.keys.pop();
    }

    /// Opens a mapping or a list.
    pub fn open(&mut self) {
        self.comments.push(Frame::default());
    }

    /// Closes the container opened last.
    pub fn close(&mut self) {
        self.comments.pop();
    }

    /// Meets a comment, with the text it has in the file that is walked.
    pub fn comment(&mut self, text: &str) {
        let matched = self.rules.subject == Subject::Comment && self.rules.test(text);
        if let Some(frame) = self.comments.last_mut() {
            frame.matched_before = frame.matched;
            frame.matched |= matched;
        }
    }

    /// Has passed a value: comments before it no longer apply.
    pub fn value_done(&mut self) {
        if let Some(frame) = self.comments.last_mut() {
            *frame = Frame::default();
        }
    }

    /// Whether the value at this point is encrypted.
    pub fn value_is_encrypted(&self) -> bool {
        let matched = match self.rules.subject {
            Subject::Key => self.keys.last().copied().unwrap_or(false),
            Subject::Comment => self.comments.iter().any(|frame| frame.matched),
        };
        matched == self.rules.encrypts
    }

    /// Whether the comment met last is encrypted: as a value would be, except that with `encrypted_comment_regex` the
    /// matching comment itself stays plain.
    pub fn comment_is_encrypted(&self) -> bool {
        if self.rules.subject != Subject::Comment || !self.rules.encrypts {
            return self.value_is_encrypted();
        }
        let Some((last, outer)) = self.comments.split_last() else { return false };
        last.matched_before || outer.iter().any(|frame| frame.matched)
    }
}
