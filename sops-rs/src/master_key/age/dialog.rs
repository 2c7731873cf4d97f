//! What identities ask of the user: a passphrase, the touch of a security key.

use std::sync::Arc;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

/// The way to the user. The library asks nobody by itself: a program that has a terminal lends it.
pub trait Dialog: Send + Sync {
    /// Shows a message.
    fn tell(&self, message: &str);

    /// Asks to choose between `yes` and `no`; `None` if the user cannot be asked.
    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool>;

    /// Asks for a line of text that is no secret; `None` if the user cannot be asked.
    fn line(&self, message: &str) -> Option<String>;

    /// Asks for a passphrase; `None` if the user cannot be asked or declined. With a `remembered_as`, an agent may answer
    /// from memory or remember the answer under that name.
    fn passphrase(&self, message: &str, remembered_as: Option<&str>) -> Option<Zeroizing<String>>;

    /// The passphrase under this name was wrong.
    fn forget(&self, remembered_as: &str);
}

/// A dialog as the `age` crate takes it.
#[derive(Clone)]
pub(super) struct Callbacks(pub(super) Option<Arc<dyn Dialog>>);

impl age::Callbacks for Callbacks {
    fn display_message(&self, message: &str) {
        if let Some(dialog) = &self.0 {
            dialog.tell(message);
        }
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.as_ref()?.confirm(message, yes, no)
    }

    fn request_public_string(&self, message: &str) -> Option<String> {
        self.0.as_ref()?.line(message)
    }

    fn request_passphrase(&self, message: &str) -> Option<SecretString> {
        let answer = self.0.as_ref()?.passphrase(message, None)?;
        Some(SecretString::from(answer.as_str()))
    }
}
