//! Plugins in a build that runs none: there is neither such a recipient nor such an identity.

use age_core::format::{FileKey, Stanza};

use super::AgeError;
use super::dialog::Callbacks;
use super::identity::Failure;

#[derive(Clone)]
pub(super) enum Recipient {}

impl Recipient {
    pub(super) fn parse(text: &str) -> Result<Recipient, AgeError> {
        Err(AgeError::Unusable { recipient: text.to_owned(), cause: "this build runs no plugins".to_owned() })
    }

    pub(super) fn bound(&self, _: Callbacks) -> Result<Box<dyn age::Recipient>, String> {
        match *self {}
    }
}

#[derive(Clone)]
pub(super) enum Identity {}

impl Identity {
    pub(super) fn parse(_: &str) -> Option<Identity> {
        None
    }

    pub(super) fn unwrap(&self, _: &[Stanza], _: Callbacks) -> Option<Result<FileKey, Failure>> {
        match *self {}
    }
}
