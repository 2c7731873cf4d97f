//! Flags about who opens and wraps data keys.

use clap::Args;

use super::word::go_bool;
use crate::failure::{Failure, code};

/// Key services and the order of keys.
#[derive(Args, Clone, Default)]
pub(crate) struct ServiceFlags {
    /// Open and wrap data keys in this process: true or false
    #[arg(
        long,
        env = "SOPS_ENABLE_LOCAL_KEYSERVICE",
        hide_env_values = true,
        value_name = "BOOL",
        help_heading = "Key services"
    )]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool)]
    enable_local_keyservice: Option<bool>,

    #[arg(
        help = "Ask this key service too: tcp://HOST:PORT or unix:///PATH; may be repeated",
        long,
        env = "SOPS_KEYSERVICE",
        hide_env_values = true,
        value_name = "URI",
        value_delimiter = ',',
        help_heading = "Key services"
    )]
    keyservice: Vec<String>,
}

impl ServiceFlags {
    /// Whether keys are used in this process.
    pub(crate) fn local(&self) -> bool {
        self.enable_local_keyservice.unwrap_or(true)
    }

    /// Addresses of remote key services.
    pub(crate) fn remote(&self) -> impl Iterator<Item = &str> {
        self.keyservice.iter().map(String::as_str).filter(|uri| !uri.is_empty())
    }
}

/// In which order the keys of a group are tried.
#[derive(Args, Clone, Default)]
pub(crate) struct OrderFlag {
    /// Kinds of keys in the order to try them, separated by commas
    #[arg(
        long,
        env = "SOPS_DECRYPTION_ORDER",
        hide_env_values = true,
        value_name = "KINDS",
        help_heading = "Key services"
    )]
    decryption_order: Option<String>,
}

/// The order without the flag.
const DEFAULT_ORDER: [&str; 2] = ["age", "pgp"];

impl OrderFlag {
    /// The kinds in their order; kinds that are not named come last.
    pub(crate) fn kinds(&self) -> Result<Vec<String>, Failure> {
        let Some(text) = self.decryption_order.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(DEFAULT_ORDER.map(str::to_owned).to_vec());
        };
        let mut kinds: Vec<String> = Vec::new();
        for kind in text.split(',') {
            if kinds.iter().any(|known| known == kind) {
                let message = format!("--decryption-order has `{kind}` twice");
                return Err(Failure::new(code::DUPLICATE_ORDER, message));
            }
            kinds.push(kind.to_owned());
        }
        Ok(kinds)
    }
}
