//! The causes that conditions, events and metrics name. One list, so that the three never tell different stories.

use std::fmt;

/// Why an object is, or is not, in the state its specification asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The Secret holds what the object describes.
    Synced,
    /// The values were opened with a sealing key and written.
    Unsealed,
    /// The document was decrypted and written.
    Decrypted,
    /// Nothing stands in the way for good.
    Progressing,
    /// The Secret holds what its stores hold.
    SecretSynced,
    /// A Secret was written from its stores.
    Updated,
    /// The store belongs to another controller.
    NotServed,
    /// The specification cannot be understood.
    InvalidSpec,
    /// A field of the specification is not supported yet, and ignoring it would produce a wrong Secret.
    Unsupported,
    /// The object cannot be read as its kind.
    Undecodable,
    /// No sealing key opens a value.
    UnsealFailed,
    /// A template cannot be rendered.
    TemplateFailed,
    /// The document could not be read, opened or verified.
    DecryptFailed,
    /// The document does not prove that it may be opened here.
    ScopeNotProven,
    /// The Secret that holds the keys is missing or holds none.
    KeyMissing,
    /// A Secret that should hold a sealing key holds none that can be used.
    KeyUnusable,
    /// A Secret of that name belongs to someone else.
    NotOwned,
    /// Someone else keeps changing the Secret.
    Contested,
    /// The Secret is immutable and would have to change.
    Immutable,
    /// The Secret would be larger than Kubernetes allows.
    TooLarge,
    /// The Secret's type is reserved for Kubernetes itself.
    ForbiddenType,
    /// The store that the object names does not exist or may not be used from here.
    StoreMissing,
    /// The store answers.
    StoreValid,
    /// The store's own specification is wrong.
    StoreInvalid,
    /// The store refused our credentials.
    StoreDenied,
    /// The store has no such secret.
    RemoteMissing,
    /// The remote secret is not what the object expects of it.
    RemoteInvalid,
    /// The store did not answer, or not in a way we understand.
    StoreUnavailable,
    /// The target of a merge does not exist.
    SecretMissing,
    /// The namespace is being deleted.
    NamespaceTerminating,
    /// The API server did not accept a write.
    UpdateFailed,
}

impl Reason {
    /// The word that conditions, events and metrics carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Synced => "Synced",
            Reason::Unsealed => "Unsealed",
            Reason::Decrypted => "Decrypted",
            Reason::Progressing => "Progressing",
            Reason::SecretSynced => "SecretSynced",
            Reason::Updated => "Updated",
            Reason::NotServed => "NotServed",
            Reason::InvalidSpec => "InvalidSpec",
            Reason::Unsupported => "Unsupported",
            Reason::Undecodable => "Undecodable",
            Reason::UnsealFailed => "ErrUnsealFailed",
            Reason::TemplateFailed => "TemplateFailed",
            Reason::DecryptFailed => "DecryptFailed",
            Reason::ScopeNotProven => "ScopeNotProven",
            Reason::KeyMissing => "KeyMissing",
            Reason::KeyUnusable => "KeyUnusable",
            Reason::NotOwned => "NotOwned",
            Reason::Contested => "Contested",
            Reason::Immutable => "Immutable",
            Reason::TooLarge => "TooLarge",
            Reason::ForbiddenType => "ForbiddenType",
            Reason::StoreMissing => "StoreMissing",
            Reason::StoreValid => "Valid",
            Reason::StoreInvalid => "StoreInvalid",
            Reason::StoreDenied => "StoreDenied",
            Reason::RemoteMissing => "RemoteMissing",
            Reason::RemoteInvalid => "RemoteInvalid",
            Reason::StoreUnavailable => "StoreUnavailable",
            Reason::SecretMissing => "SecretMissing",
            Reason::NamespaceTerminating => "NamespaceTerminating",
            Reason::UpdateFailed => "ErrUpdateFailed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
