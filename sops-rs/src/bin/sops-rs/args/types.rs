//! Flags about the formats of input and output.

use std::path::PathBuf;

use clap::Args;

use super::word::path;

/// The format of the input by name.
#[derive(Args, Clone, Default)]
pub(crate) struct InputTypeFlag {
    /// Format of the input: yaml, json, dotenv, ini or binary; by default that of the name
    #[arg(long, value_name = "FORMAT", help_heading = "Formats")]
    input_type: Option<String>,
}

impl InputTypeFlag {
    /// The name that was given.
    pub(crate) fn given(&self) -> Option<&str> {
        self.input_type.as_deref().filter(|name| !name.is_empty())
    }
}

/// The formats of input and output by name.
#[derive(Args, Clone, Default)]
pub(crate) struct TypeFlags {
    #[command(flatten)]
    input: InputTypeFlag,

    /// Format of the output: yaml, json, dotenv, ini or binary; by default that of the name
    #[arg(long, value_name = "FORMAT", help_heading = "Formats")]
    output_type: Option<String>,
}

impl TypeFlags {
    /// The name of the format of the input.
    pub(crate) fn input(&self) -> Option<&str> {
        self.input.given()
    }

    /// The name of the format of the output.
    pub(crate) fn output(&self) -> Option<&str> {
        self.output_type.as_deref().filter(|name| !name.is_empty())
    }
}

/// The name a file would have.
#[derive(Args, Clone, Default)]
pub(crate) struct NameFlag {
    /// The name that decides format and creation rule
    #[arg(long, value_name = "NAME", value_parser = path, help_heading = "Formats")]
    filename_override: Option<PathBuf>,
}

impl NameFlag {
    /// The name that was given.
    pub(crate) fn given(&self) -> Option<&PathBuf> {
        self.filename_override.as_ref().filter(|name| !name.as_os_str().is_empty())
    }
}
