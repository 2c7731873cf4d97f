//! What a YAML document may be refused for. Every text names a place, never a value, a key or a piece of the input.

/// Why a document is not read or not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// The input is not UTF-8.
    #[error("the input is not UTF-8 from byte {offset}")]
    NotUtf8 {
        /// Bytes before the first wrong one.
        offset: usize,
    },
    /// Not well-formed YAML.
    #[error("line {line}, column {column}: {problem}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What was expected or found.
        problem: &'static str,
    },
    /// The input holds comments or blank lines and no document.
    #[error("the input holds no document")]
    NoDocument,
    /// A document whose top level is a list or a scalar.
    #[error("line {line}: the top level of a document must be a mapping")]
    NotAMapping {
        /// From 1.
        line: usize,
    },
    /// A key that stands twice in one mapping of the first document.
    #[error("line {line}: the mapping has this key already")]
    DuplicateKey {
        /// Line of the second occurrence, from 1.
        line: usize,
    },
    /// A key that is a number, a boolean, null, a date or a collection.
    #[error("line {line}: keys must be strings")]
    KeyNotString {
        /// From 1.
        line: usize,
    },
    /// A scalar that its explicit tag does not allow.
    #[error("line {line}: the scalar is not what its tag says")]
    WrongTag {
        /// From 1.
        line: usize,
    },
    /// An integer between the largest signed and the largest unsigned 64-bit number: SOPS has no type for it.
    #[error("line {line}: integer above the 64-bit signed range")]
    IntegerTooLarge {
        /// From 1.
        line: usize,
    },
    /// `<<` over something that is neither a mapping nor a list of mappings.
    #[error("line {line}: a merge needs a mapping or a list of mappings")]
    Merge {
        /// From 1.
        line: usize,
    },
    /// An alias of an anchor that is not defined, or that contains the alias.
    #[error("line {line}: the alias names no finished anchor")]
    Alias {
        /// From 1.
        line: usize,
    },
    /// Aliases expand to far more than the document itself.
    #[error("line {line}: aliases expand to too much")]
    TooManyAliases {
        /// From 1.
        line: usize,
    },
    /// Nested deeper than this reader or writer goes.
    #[error("nested too deep")]
    TooDeep,
    /// YAML that SOPS reads in another way than YAML 1.2 and that is not worth the risk of guessing.
    #[error("line {line}: {what} is not supported")]
    Unsupported {
        /// From 1.
        line: usize,
        /// The construct.
        what: &'static str,
    },
}
