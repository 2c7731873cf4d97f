//! The file formats: one module each, read into and written from the tree.
//!
//! A format never interprets values, encrypted or not.

use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::tree::Branch;

pub mod binary;
pub mod dotenv;
pub(crate) mod envelope;
mod flatten;
pub mod ini;
pub mod json;
#[cfg(test)]
mod quirks;
pub(crate) mod read_back;
mod scalar;
mod shape;
pub mod yaml;

pub use scalar::text as plain_text;
pub use shape::ShapeError;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, one or more documents.
    Yaml,
    /// JSON, one object.
    Json,
    /// Lines `KEY=value`.
    Dotenv,
    /// Sections of pairs.
    Ini,
    /// Any bytes.
    Binary,
}

/// Spaces a level when nothing else is asked for; JSON uses tabs then.
const YAML_INDENT: usize = 4;

impl Format {
    /// All of them.
    pub const ALL: [Format; 5] = [Format::Binary, Format::Dotenv, Format::Ini, Format::Json, Format::Yaml];

    /// The format of a file by how its name ends: `.yaml`, `.yml`, `.json`, `.env`, `.ini`; anything else is binary.
    pub fn from_path(path: &Path) -> Format {
        let name = path.as_os_str().as_encoded_bytes();
        let endings: [(&[u8], Format); 5] = [
            (b".yaml", Format::Yaml),
            (b".yml", Format::Yaml),
            (b".json", Format::Json),
            (b".env", Format::Dotenv),
            (b".ini", Format::Ini),
        ];
        endings.into_iter().find(|(ending, _)| name.ends_with(ending)).map_or(Format::Binary, |(_, format)| format)
    }

    /// The format with this [name](Format::name).
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Name of the format: `binary`, `dotenv`, `ini`, `json` or `yaml`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Yaml => "yaml",
            Format::Json => "json",
            Format::Dotenv => "dotenv",
            Format::Ini => "ini",
            Format::Binary => "binary",
        }
    }

    /// Reads a plain file into its documents.
    pub fn load(self, bytes: &[u8]) -> Result<Vec<Branch>, Error> {
        match self {
            Format::Yaml => Ok(yaml::load(bytes)?),
            Format::Json => Ok(vec![json::load(bytes)?]),
            Format::Dotenv => Ok(vec![dotenv::load(bytes)?]),
            Format::Ini => Ok(vec![ini::load(bytes)?]),
            Format::Binary => Ok(vec![binary::load(bytes)]),
        }
    }

    /// Writes a plain file. `indent` is in spaces; without it YAML has four and JSON a tab. JSON and dotenv hold the first
    /// document only, as in the original.
    ///
    /// # Errors
    /// [`Error::Shape`] if the format cannot hold the documents.
    pub fn emit(self, branches: &[Branch], indent: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.write(branches, indent).map(Zeroizing::new)
    }

    fn write(self, branches: &[Branch], indent: Option<usize>) -> Result<Vec<u8>, Error> {
        let first = || branches.first().ok_or(Error::Empty);
        match self {
            Format::Yaml => Ok(yaml::emit(branches, indent.unwrap_or(YAML_INDENT))?),
            Format::Json => Ok(json::emit(first()?, indent)?),
            Format::Dotenv => dotenv::emit(first()?),
            Format::Ini => ini::emit(branches),
            Format::Binary => binary::emit(branches),
        }
    }
}
