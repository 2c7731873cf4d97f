//! The file formats: one module each, read into and written from the tree.
//!
//! A format never interprets values, encrypted or not.

use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::tree::Branch;

pub mod json;
pub mod yaml;

/// A format this build reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, one or more documents.
    Yaml,
    /// JSON, one object.
    Json,
}

/// Spaces a level when nothing else is asked for; JSON uses tabs then.
const YAML_INDENT: usize = 4;

impl Format {
    /// The format of a file by its extension: `.yaml`, `.yml`, `.json`.
    pub fn from_path(path: &Path) -> Option<Format> {
        match path.file_name()?.to_str()?.rsplit_once('.')?.1 {
            "yaml" | "yml" => Some(Format::Yaml),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// The format called `yaml` or `json`.
    pub fn from_name(name: &str) -> Option<Format> {
        match name {
            "yaml" => Some(Format::Yaml),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// Name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Format::Yaml => "yaml",
            Format::Json => "json",
        }
    }

    /// Reads a file into its documents.
    pub fn load(self, bytes: &[u8]) -> Result<Vec<Branch>, Error> {
        match self {
            Format::Yaml => Ok(yaml::load(bytes)?),
            Format::Json => Ok(vec![json::load(bytes)?]),
        }
    }

    /// Writes documents. `indent` is in spaces; without it YAML has four and JSON a tab. JSON holds the first document
    /// only, as in the original.
    pub fn emit(self, branches: &[Branch], indent: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let bytes = match self {
            Format::Yaml => yaml::emit(branches, indent.unwrap_or(YAML_INDENT))?,
            Format::Json => json::emit(branches.first().ok_or(Error::Empty)?, indent)?,
        };
        Ok(Zeroizing::new(bytes))
    }
}
