//! Tags, as far as the type of a scalar depends on them. All others are dropped, as in the original.

/// What `!!` stands for unless a directive says otherwise.
const CORE: &str = "tag:yaml.org,2002:";

/// An explicit tag, as far as the type of a scalar depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// None, or the non-specific `!`.
    None,
    Null,
    Bool,
    Str,
    Int,
    Float,
    Timestamp,
    Binary,
    /// `!!merge`, `!!map`, a tag of an application: the scalar is text.
    Other,
}

/// The `%TAG` directives of a document.
#[derive(Default)]
pub(super) struct Handles(Vec<(String, String)>);

impl Handles {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether the handle is new.
    pub(super) fn define(&mut self, handle: &str, prefix: &str) -> bool {
        let is_new = self.0.iter().all(|(known, _)| known != handle);
        self.0.push((handle.to_owned(), prefix.to_owned()));
        is_new
    }

    /// The tag of a handle and a suffix; nothing for a handle without a directive.
    pub(super) fn resolve(&self, handle: &str, suffix: &str) -> Option<Tag> {
        let prefix = match self.0.iter().find(|(name, _)| name == handle) {
            Some((_, prefix)) => prefix.as_str(),
            None if handle == "!!" => CORE,
            None if handle == "!" || handle.is_empty() => handle,
            None => return None,
        };
        let tag = format!("{prefix}{suffix}");
        let short = tag.strip_prefix(CORE).or_else(|| tag.strip_prefix("!!"));
        Some(match short {
            Some("null") => Tag::Null,
            Some("bool") => Tag::Bool,
            Some("str") => Tag::Str,
            Some("int") => Tag::Int,
            Some("float") => Tag::Float,
            Some("timestamp") => Tag::Timestamp,
            Some("binary") => Tag::Binary,
            _ if tag == "!" => Tag::None,
            _ => Tag::Other,
        })
    }
}
