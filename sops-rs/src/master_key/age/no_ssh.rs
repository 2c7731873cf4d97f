//! SSH keys in a build without them: there is neither such a recipient nor such an identity.

use age_core::format::{FileKey, Stanza};

use super::AgeError;
use super::dialog::Callbacks;
use super::identity::Failure;

const ABSENT: &str = "this build has no SSH keys";

#[derive(Clone)]
pub(super) enum Recipient {}

impl Recipient {
    pub(super) fn parse(text: &str) -> Result<Recipient, AgeError> {
        Err(AgeError::Unusable { recipient: text.to_owned(), cause: ABSENT.to_owned() })
    }

    pub(super) fn as_age(&self) -> Box<dyn age::Recipient> {
        match *self {}
    }
}

pub(super) enum Ssh {}

impl Ssh {
    pub(super) fn parse(_: &[u8], _: &str) -> Result<Ssh, String> {
        Err(ABSENT.to_owned())
    }

    pub(super) fn recipient(&self) -> String {
        match *self {}
    }

    pub(super) fn is_locked(&self) -> bool {
        match *self {}
    }

    pub(super) fn unwrap(&self, _: &Stanza, _: &Callbacks) -> Option<Result<FileKey, Failure>> {
        match *self {}
    }
}
