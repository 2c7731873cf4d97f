//! YAML as SOPS 3.13.3 reads and writes it, which is as go-yaml 3.0.4 does: the same tree, the same place for every comment, the
//! same bytes. It never guesses: what the original would read in another way than YAML 1.2 is refused with its line.
//!
//! Reading: tokens with their gaps, the grammar, the tree. Writing: the tree, the emitter. Where the original writes what
//! it cannot read back, or reads back as another value, this writes what can be read: a text of several lines that begins with a
//! tab, an indented block within a list, a comment that would push an empty collection or the text of a block off its line.

mod breaks;
mod convert;
mod emit;
mod error;
mod flow;
mod gap;
mod gather;
mod node;
mod number;
mod parse;
mod quoting;
mod resolve;
mod scalar;
mod tag;
#[cfg(test)]
mod tests;
mod timestamp;
mod tokens;
mod writer;

pub use error::YamlError;

use convert::Converter;
use parse::Parser;

use crate::tree::Branch;

/// Reads every document of an input. The `sops` key is an ordinary pair here.
///
/// An input of no bytes has no documents; one of blank lines and comments alone is an error.
pub fn load(bytes: &[u8]) -> Result<Vec<Branch>, YamlError> {
    let source = std::str::from_utf8(bytes).map_err(|error| YamlError::NotUtf8 { offset: error.valid_up_to() })?;
    if source.is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = Parser::new(source);
    let mut branches = Vec::new();
    while let Some(document) = parser.document()? {
        let mut converter = Converter::new(&parser.nodes, branches.is_empty(), parser.nodes.len());
        branches.push(converter.document(&document)?);
    }
    if branches.is_empty() { Err(YamlError::NoDocument) } else { Ok(branches) }
}

/// Writes documents with an indent of 2 to 9. As in the original, 0 stands for 4 and any other indent for 2.
pub fn emit(documents: &[Branch], indent: usize) -> Result<Vec<u8>, YamlError> {
    emit::documents(documents, indent)
}
