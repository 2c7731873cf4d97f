//! Flags that say what of a new file is encrypted.

use clap::Args;

/// The six selectors.
#[derive(Args, Clone, Default)]
pub(crate) struct SelectorFlags {
    /// Encrypt only below keys this expression finds
    #[arg(long, value_name = "REGEX", help_heading = "What is encrypted")]
    encrypted_regex: Option<String>,

    /// Encrypt all but what is below keys this expression finds
    #[arg(long, value_name = "REGEX", help_heading = "What is encrypted")]
    unencrypted_regex: Option<String>,

    /// Encrypt only below keys with this ending
    #[arg(long, value_name = "SUFFIX", help_heading = "What is encrypted")]
    encrypted_suffix: Option<String>,

    /// Encrypt all but what is below keys with this ending
    #[arg(long, value_name = "SUFFIX", help_heading = "What is encrypted")]
    unencrypted_suffix: Option<String>,

    /// Encrypt only what is under a comment this expression finds
    #[arg(long, value_name = "REGEX", help_heading = "What is encrypted")]
    encrypted_comment_regex: Option<String>,

    /// Encrypt all but what is under a comment this expression finds
    #[arg(long, value_name = "REGEX", help_heading = "What is encrypted")]
    unencrypted_comment_regex: Option<String>,

    /// Write a new file even if its selector selects nothing, so that it is in clear
    #[arg(long, help_heading = "What is encrypted")]
    pub(crate) allow_unencrypted: bool,
}

impl SelectorFlags {
    /// Name and text of each selector, in the order of the metadata; empty texts are no selectors.
    pub(crate) fn given(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("unencrypted_suffix", set(self.unencrypted_suffix.as_ref())),
            ("encrypted_suffix", set(self.encrypted_suffix.as_ref())),
            ("unencrypted_regex", set(self.unencrypted_regex.as_ref())),
            ("encrypted_regex", set(self.encrypted_regex.as_ref())),
            ("unencrypted_comment_regex", set(self.unencrypted_comment_regex.as_ref())),
            ("encrypted_comment_regex", set(self.encrypted_comment_regex.as_ref())),
        ]
    }
}

fn set(flag: Option<&String>) -> Option<&str> {
    flag.map(String::as_str).filter(|text| !text.is_empty())
}
