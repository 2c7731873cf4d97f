//! Scopes, the labels that carry them, and the names that Sealed Secrets gives to annotations.
//!
//! The label of a value is authenticated by RSA-OAEP: a value sealed for one namespace and name does not open under
//! another. It is therefore always made from the object that is being opened, never from what its template says.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Annotation of a SealedSecret (value `true`): its values open in every namespace under every name.
pub const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";
/// Annotation of a SealedSecret (value `true`): its values open under every name in their namespace.
pub const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";
/// Annotation of an existing Secret (value `true`): a SealedSecret of its name may take it over.
pub const MANAGED: &str = "sealedsecrets.bitnami.com/managed";
/// Annotation of an existing Secret (value `true`): a SealedSecret of its name may add to it.
pub const PATCH: &str = "sealedsecrets.bitnami.com/patch";
/// Annotation of a template (value `true`): the Secret gets no owner reference.
pub const SKIP_SET_OWNER_REFERENCES: &str = "sealedsecrets.bitnami.com/skip-set-owner-references";
/// Label of the Secrets that hold sealing keys.
pub const SEALING_KEY_LABEL: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";
/// The value of [`SEALING_KEY_LABEL`] with which a key is used; under any other it is ignored.
pub const SEALING_KEY_ACTIVE: &str = "active";

/// Where a sealed value may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Under its own namespace and name.
    #[default]
    Strict,
    /// Under any name in its namespace.
    NamespaceWide,
    /// Everywhere.
    ClusterWide,
}

impl Scope {
    /// The scope that the annotations of a SealedSecret ask for. Only the exact value `true` counts, and the wider
    /// scope wins when both are set.
    pub fn from_annotations(annotations: &BTreeMap<String, String>) -> Scope {
        let is_set = |name| annotations.get(name).is_some_and(|value| value == "true");
        if is_set(CLUSTER_WIDE) {
            Scope::ClusterWide
        } else if is_set(NAMESPACE_WIDE) {
            Scope::NamespaceWide
        } else {
            Scope::Strict
        }
    }

    /// The annotation that asks for this scope; the strict scope has none.
    pub fn annotation(self) -> Option<&'static str> {
        match self {
            Scope::Strict => None,
            Scope::NamespaceWide => Some(NAMESPACE_WIDE),
            Scope::ClusterWide => Some(CLUSTER_WIDE),
        }
    }

    /// The OAEP label of a value in the object `namespace`/`name`: `namespace/name`, `namespace` or nothing.
    pub fn label(self, namespace: &str, name: &str) -> Vec<u8> {
        match self {
            Scope::Strict => format!("{namespace}/{name}").into_bytes(),
            Scope::NamespaceWide => namespace.as_bytes().to_vec(),
            Scope::ClusterWide => Vec::new(),
        }
    }

    /// The word for it on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Strict => "strict",
            Scope::NamespaceWide => "namespace-wide",
            Scope::ClusterWide => "cluster-wide",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The word names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of strict, namespace-wide, cluster-wide")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    /// Reads the word of a command line; the empty word is the default scope.
    fn from_str(word: &str) -> Result<Scope, UnknownScope> {
        match word {
            "" | "strict" => Ok(Scope::Strict),
            "namespace-wide" => Ok(Scope::NamespaceWide),
            "cluster-wide" => Ok(Scope::ClusterWide),
            _ => Err(UnknownScope),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(pairs: &[(&str, &str)]) -> Scope {
        let annotations = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Scope::from_annotations(&annotations)
    }

    #[test]
    fn only_the_exact_word_true_widens_the_scope() {
        assert_eq!(annotated(&[]), Scope::Strict);
        assert_eq!(annotated(&[(NAMESPACE_WIDE, "true")]), Scope::NamespaceWide);
        assert_eq!(annotated(&[(CLUSTER_WIDE, "true")]), Scope::ClusterWide);
        for value in ["True", "TRUE", "yes", "1", " true", ""] {
            assert_eq!(annotated(&[(CLUSTER_WIDE, value), (NAMESPACE_WIDE, value)]), Scope::Strict, "{value:?}");
        }
    }

    #[test]
    fn the_wider_scope_wins() {
        assert_eq!(annotated(&[(NAMESPACE_WIDE, "true"), (CLUSTER_WIDE, "true")]), Scope::ClusterWide);
    }

    #[test]
    fn labels_are_those_of_the_format() {
        assert_eq!(Scope::Strict.label("shop", "db"), b"shop/db");
        assert_eq!(Scope::NamespaceWide.label("shop", "db"), b"shop");
        assert_eq!(Scope::ClusterWide.label("shop", "db"), b"");
    }

    #[test]
    fn words_are_read_and_written_alike() {
        for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("".parse(), Ok(Scope::Strict));
        assert_eq!("Strict".parse::<Scope>(), Err(UnknownScope));
    }
}
