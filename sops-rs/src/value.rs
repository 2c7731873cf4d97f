//! The encrypted scalar: its text form, its cipher and the bytes each type is encrypted as.
//!
//! Nothing here knows where a value stands but for the additional data it is handed, and no error carries the value
//! it is about.
//!
//! ```text
//! ENC[AES256_GCM,data:<base64>,iv:<base64 of 32 bytes>,tag:<base64 of 16 bytes>,type:<str|int|float|bool|bytes|time|comment>]
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub mod cipher;
pub mod encoding;

#[cfg(test)]
mod tests;

const PREFIX: &str = "ENC[AES256_GCM,data:";

/// Length of what is neither data, nonce nor tag, with the longest type.
const FRAME: usize = PREFIX.len() + ",iv:,tag:,type:comment]".len();

/// The type tag of an encrypted scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Str,
    /// A signed 64-bit integer in decimal.
    Int,
    /// A 64-bit float, shortest form without an exponent.
    Float,
    /// `True` or `False`.
    Bool,
    /// Raw bytes; read, never written.
    Bytes,
    /// RFC 3339.
    Time,
    /// A comment without its `#`.
    Comment,
}

impl Kind {
    /// The tag as it stands in the file.
    pub fn tag(self) -> &'static str {
        match self {
            Kind::Str => "str",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Bool => "bool",
            Kind::Bytes => "bytes",
            Kind::Time => "time",
            Kind::Comment => "comment",
        }
    }

    fn from_tag(tag: &str) -> Option<Kind> {
        Some(match tag {
            "str" => Kind::Str,
            "int" => Kind::Int,
            "float" => Kind::Float,
            "bool" => Kind::Bool,
            "bytes" => Kind::Bytes,
            "time" => Kind::Time,
            "comment" => Kind::Comment,
            _ => return None,
        })
    }
}

/// Why one value could not be opened or sealed. Says what is wrong with the scalar, never what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A plain scalar stands where the rules want an encrypted one.
    #[error("the value is not encrypted though the rules of the file say so")]
    NotEncrypted,
    /// The scalar has the prefix but not the grammar of an encrypted value.
    #[error("the encrypted value is malformed")]
    Malformed,
    /// The type tag is not one of the seven.
    #[error("the encrypted value has an unknown type")]
    UnknownType,
    /// Nonce lengths other than 12, 16 and 32 bytes.
    #[error("the nonce has an unsupported length")]
    Nonce,
    /// Wrong key, or value, tag, nonce or key path were changed. Deliberately one variant.
    #[error("the value does not open with this data key at this key path")]
    Authentication,
    /// The plaintext is not of the tagged type.
    #[error("the decrypted value is not of its type")]
    Plaintext,
}

/// An encrypted scalar taken apart. Holds ciphertext only.
#[derive(Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// Ciphertext without the tag.
    pub data: Vec<u8>,
    /// The nonce.
    pub iv: Vec<u8>,
    /// The 16-byte tag.
    pub tag: Vec<u8>,
    /// The type of the plaintext.
    pub kind: Kind,
}

impl Encrypted {
    /// Takes a scalar apart. As in the original, text after the last `]` is ignored.
    pub fn parse(text: &str) -> Result<Encrypted, ValueError> {
        let rest = text.strip_prefix(PREFIX).ok_or(ValueError::NotEncrypted)?;
        let (rest, _) = rest.rsplit_once(']').ok_or(ValueError::Malformed)?;
        // None of the parts can hold a comma.
        let mut parts = rest.split(',');
        let data = parts.next().ok_or(ValueError::Malformed)?;
        let mut part = |name| parts.next().and_then(|part| part.strip_prefix(name)).ok_or(ValueError::Malformed);
        let (iv, tag, kind) = (part("iv:")?, part("tag:")?, part("type:")?);
        if parts.next().is_some() {
            return Err(ValueError::Malformed);
        }
        if data.is_empty() || iv.is_empty() || tag.is_empty() {
            return Err(ValueError::Malformed);
        }
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| ValueError::Malformed);
        Ok(Encrypted {
            data: decode(data)?,
            iv: decode(iv)?,
            tag: decode(tag)?,
            kind: Kind::from_tag(kind).ok_or(ValueError::UnknownType)?,
        })
    }

    /// The scalar as it stands in a file.
    pub fn text(&self) -> String {
        let parts = [(PREFIX, &self.data), (",iv:", &self.iv), (",tag:", &self.tag)];
        let encoded: usize = parts.iter().map(|(_, bytes)| bytes.len().div_ceil(3) * 4).sum();
        let mut text = String::with_capacity(encoded + FRAME);
        for (name, bytes) in parts {
            text.push_str(name);
            STANDARD.encode_string(bytes, &mut text);
        }
        text.push_str(",type:");
        text.push_str(self.kind.tag());
        text.push(']');
        text
    }
}

impl fmt::Display for Encrypted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text())
    }
}

/// Whether a scalar has the text form of an encrypted value.
pub fn is_encrypted(text: &str) -> bool {
    text.starts_with(PREFIX) && Encrypted::parse(text).is_ok()
}

/// Whether a scalar has the text form of an encrypted comment.
pub fn is_encrypted_comment(text: &str) -> bool {
    text.starts_with(PREFIX) && text.ends_with(",type:comment]")
}
