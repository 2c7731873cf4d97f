//! Identities: what opens data keys. Never printed.

use std::cell::RefCell;
use std::str;
use std::sync::Arc;

use age::{DecryptError, Identity as _};
use age_core::format::{FileKey, Stanza};

use super::dialog::Callbacks;
use super::locked::{self, Locked};
use super::ssh::Ssh;
use super::{AgeError, NO_PLUGINS, Recipient, hybrid, plugin};

/// A secret key, or the way to one: `AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…`, `AGE-PLUGIN-…`, an SSH private key, or
/// an identity file behind a passphrase.
#[derive(Clone)]
pub struct Identity(Kind);

#[derive(Clone)]
enum Kind {
    X25519(age::x25519::Identity),
    Hybrid(Box<hybrid::Identity>),
    Locked(Arc<Locked>),
    Ssh(Arc<Ssh>),
    Plugin(plugin::Identity),
}

impl Identity {
    /// Parses the text of a key file: one identity a line, blank lines and `#` comments skipped, CRLF allowed. A build
    /// without plugins skips their identities: the file may have others.
    ///
    /// # Errors
    /// [`AgeError::Identity`] on the first line that is something else: one bad line fails the source.
    pub fn parse(text: &str) -> Result<Vec<Identity>, AgeError> {
        let mut identities = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_end_matches(['\r', ' ', '\t']);
            if line.is_empty() || line.starts_with('#') || (cfg!(not(feature = "age-plugin")) && is_plugin(line)) {
                continue;
            }
            identities.push(Identity(parse_line(line).ok_or(AgeError::Identity { line: number + 1 })?));
        }
        Ok(identities)
    }

    /// Parses the contents of a key file of at most 16 MiB: text as [`Identity::parse`] takes it, or the same encrypted
    /// with a passphrase, armored or not. `name` says where it comes from when the passphrase is asked for, which is not
    /// now but when a data key is to be opened.
    pub fn from_file(contents: &[u8], name: &str) -> Result<Vec<Identity>, AgeError> {
        if contents.len() > locked::MAX_FILE {
            return Err(AgeError::File("it is larger than 16 MiB".to_owned()));
        }
        if Locked::is_locked(contents) {
            let locked = Locked::new(contents, name).map_err(|cause| AgeError::File(cause.to_owned()))?;
            return Ok(vec![Identity(Kind::Locked(Arc::new(locked)))]);
        }
        let text = str::from_utf8(contents).map_err(|_| AgeError::File("it is not UTF-8".to_owned()))?;
        Identity::parse(text)
    }

    /// Parses an SSH private key of type ed25519 or RSA, in OpenSSH's format or in PEM. `name` says where it comes from
    /// when its passphrase is asked for.
    pub fn from_ssh(pem: &[u8], name: &str) -> Result<Identity, AgeError> {
        Ssh::parse(pem, name).map(|key| Identity(Kind::Ssh(Arc::new(key)))).map_err(AgeError::File)
    }

    /// The public key, if it is known without running a plugin or asking for a passphrase.
    pub fn recipient(&self) -> Option<Recipient> {
        match &self.0 {
            Kind::X25519(identity) => identity.to_public().to_string().parse().ok(),
            Kind::Hybrid(identity) => identity.recipient().to_string().parse().ok(),
            Kind::Ssh(identity) => identity.recipient().parse().ok(),
            _ => None,
        }
    }

    /// What it is, for a report.
    pub fn kind(&self) -> &'static str {
        match &self.0 {
            Kind::X25519(_) => "an X25519 identity",
            Kind::Hybrid(_) => "a post-quantum identity",
            Kind::Locked(_) => "identities behind a passphrase",
            Kind::Ssh(_) => "an SSH key",
            Kind::Plugin(_) => "the identity of a plugin",
        }
    }

    /// Whether it may have to ask the user, or a program.
    fn is_interactive(&self) -> bool {
        match &self.0 {
            Kind::X25519(_) | Kind::Hybrid(_) => false,
            Kind::Ssh(key) => key.is_locked(),
            Kind::Locked(_) | Kind::Plugin(_) => true,
        }
    }

    /// The file key of the stanzas; `None` if they are for somebody else.
    pub(super) fn unwrap(&self, stanzas: &[Stanza], opener: &Opener<'_>) -> Option<Result<FileKey, Failure>> {
        let native = |opened: Result<FileKey, DecryptError>| opened.map_err(|error| failure(&error));
        match &self.0 {
            Kind::X25519(identity) => identity.unwrap_stanzas(stanzas).map(native),
            Kind::Hybrid(identity) => identity.unwrap_stanzas(stanzas).map(native),
            Kind::Locked(locked) => locked.unwrap(stanzas, opener),
            Kind::Ssh(key) => stanzas.iter().find_map(|stanza| key.unwrap(stanza, &opener.callbacks)),
            Kind::Plugin(_) if !opener.plugins => Some(Err(Failure::Told(NO_PLUGINS.to_owned()))),
            Kind::Plugin(identity) => identity.unwrap(stanzas, opener.callbacks.clone()),
        }
    }
}

fn is_plugin(line: &str) -> bool {
    line.starts_with("AGE-PLUGIN-")
}

fn parse_line(line: &str) -> Option<Kind> {
    if is_plugin(line) {
        return plugin::Identity::parse(line).map(Kind::Plugin);
    }
    if line.starts_with("AGE-SECRET-KEY-PQ-1") {
        return line.parse().ok().map(|identity| Kind::Hybrid(Box::new(identity)));
    }
    line.starts_with("AGE-SECRET-KEY-1").then(|| line.parse().ok()).flatten().map(Kind::X25519)
}

/// Why an identity did not open stanzas that were for it.
pub(super) enum Failure {
    /// The stanza is not well formed.
    Stanza,
    /// What the user is told.
    Told(String),
}

pub(super) fn failure(error: &DecryptError) -> Failure {
    match error {
        DecryptError::InvalidHeader => Failure::Stanza,
        DecryptError::DecryptionFailed => Failure::Told("the wrapped key is damaged".to_owned()),
        other => Failure::Told(one_line(&other.to_string())),
    }
}

/// The words of a plugin on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All identities as one. One that fails does not keep the next from being tried, and nobody is asked for anything while
/// there is one that opens by itself.
pub(super) struct Opener<'a> {
    identities: &'a [Identity],
    callbacks: Callbacks,
    plugins: bool,
    failures: RefCell<Vec<String>>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(identities: &'a [Identity], callbacks: Callbacks, plugins: bool) -> Opener<'a> {
        Opener { identities, callbacks, plugins, failures: RefCell::default() }
    }

    pub(super) fn callbacks(&self) -> &Callbacks {
        &self.callbacks
    }

    /// What kept identities from being used.
    pub(super) fn failures(self) -> Vec<String> {
        self.failures.into_inner()
    }
}

impl age::Identity for Opener<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let stanza = Stanza { tag: stanza.tag.clone(), args: stanza.args.clone(), body: stanza.body.clone() };
        self.unwrap_stanzas(&[stanza])
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        let mut malformed = None;
        let interactive =
            |wanted: bool| self.identities.iter().filter(move |identity| identity.is_interactive() == wanted);
        for identity in interactive(false).chain(interactive(true)) {
            match identity.unwrap(stanzas, self) {
                None => {}
                Some(Ok(key)) => return Some(Ok(key)),
                Some(Err(Failure::Stanza)) => malformed = Some(Err(DecryptError::InvalidHeader)),
                Some(Err(Failure::Told(words))) => self.failures.borrow_mut().push(words),
            }
        }
        malformed
    }
}
