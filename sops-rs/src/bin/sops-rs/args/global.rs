//! Flags that every subcommand takes, before its name as in `sops`, and after it too.

use std::path::PathBuf;

use clap::Args;

use super::word::{go_bool, path};

/// Flags about the run as a whole.
#[derive(Args, Clone, Default)]
pub(crate) struct Global {
    /// The configuration to use; by default .sops.yaml here or in a folder above
    #[arg(long, value_name = "FILE", env = "SOPS_CONFIG", hide_env_values = true, value_parser = path, global = true, help_heading = "Global")]
    config: Option<PathBuf>,

    /// Spaces a level in YAML and JSON
    #[arg(long, value_name = "SPACES", allow_negative_numbers = true, global = true, help_heading = "Global")]
    pub(crate) indent: Option<i32>,

    /// Let the MAC of a new file cover encrypted values only
    #[arg(long, global = true, help_heading = "Global")]
    pub(crate) mac_only_encrypted: bool,

    /// Say more about what is done
    #[arg(long, global = true, help_heading = "Global")]
    pub(crate) verbose: bool,

    /// Changes nothing: no version is ever looked up
    #[arg(
        long,
        global = true,
        hide = true,
        env = "SOPS_DISABLE_VERSION_CHECK",
        hide_env_values = true,
        value_name = "BOOL"
    )]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = go_bool)]
    disable_version_check: Option<bool>,

    /// Changes nothing: no version is ever looked up
    #[arg(long, global = true, hide = true)]
    check_for_updates: bool,
}

impl Global {
    /// The configuration that was asked for.
    pub(crate) fn config(&self) -> Option<&PathBuf> {
        self.config.as_ref().filter(|path| !path.as_os_str().is_empty())
    }
}
