//! An error of the command line with its next step. The message goes to `error:`, the step to `hint:`; neither ever
//! quotes what a document holds.

use std::fmt;

/// A failure and what the user can do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: String,
}

impl Failure {
    /// A failure as an error to return.
    pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Failure { message: message.into(), hint: hint.into() })
    }

    /// The same over the error that caused it.
    pub(crate) fn over(
        cause: impl Into<anyhow::Error>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> anyhow::Error {
        cause.into().context(Failure { message: message.into(), hint: hint.into() })
    }

    /// The hint of the outermost failure in a chain of errors.
    pub(crate) fn hint_of(error: &anyhow::Error) -> Option<&str> {
        error.downcast_ref::<Failure>().map(|failure| failure.hint.as_str())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
