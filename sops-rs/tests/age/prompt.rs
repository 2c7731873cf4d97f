//! A user who answers every question for a passphrase with the same words, and counts the questions.

use std::sync::atomic::{AtomicUsize, Ordering};

use sops::master_key::age::Dialog;
use zeroize::Zeroizing;

/// The user.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) passphrase: Option<String>,
    pub(crate) asked: AtomicUsize,
    pub(crate) forgot: AtomicUsize,
}

impl Answers {
    pub(crate) fn with(passphrase: &str) -> Answers {
        Answers { passphrase: Some(passphrase.to_owned()), ..Answers::default() }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Dialog for Answers {
    fn tell(&self, _: &str) {}

    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn line(&self, _: &str) -> Option<String> {
        None
    }

    fn passphrase(&self, _: &str, _: Option<&str>) -> Option<Zeroizing<String>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.passphrase.clone().map(Zeroizing::new)
    }

    fn forget(&self, _: &str) {
        self.forgot.fetch_add(1, Ordering::SeqCst);
    }
}
