//! The one way in which an object names another. A namespaced object reaches its own namespace and nothing else, whatever
//! its author wrote; every reference of every kind goes through [`resolve`], so that this is decided in one place.

use crate::failure::Failure;
use crate::name::ObjectName;
use crate::reason::Reason;

/// On whose behalf a reference is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenant<'a> {
    /// An object of this namespace.
    Namespace(&'a str),
    /// A cluster-scoped object, which may name any namespace.
    Cluster {
        /// The namespace of the object that uses it, where a reference without a namespace leads. `None` while nobody does.
        referent: Option<&'a str>,
    },
}

/// The object that a reference means.
///
/// Fails with [`Reason::InvalidSpec`] when the tenant may not reach that namespace, when there is no namespace to look in, or
/// when a name could not be one and would change the meaning of a path of the API.
pub fn resolve(tenant: Tenant<'_>, namespace: Option<&str>, name: &str) -> Result<ObjectName, Failure> {
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    let reached = match (tenant, namespace) {
        (Tenant::Namespace(own), Some(other)) if own != other => {
            return Err(refused(format!(
                "`{other}/{name}` is outside of namespace `{own}`, which is all that this object may use"
            )));
        }
        (Tenant::Namespace(own), _) => own,
        (Tenant::Cluster { .. }, Some(named)) => named,
        (Tenant::Cluster { referent: Some(referent) }, None) => referent,
        (Tenant::Cluster { referent: None }, None) => {
            return Err(refused(format!("`{name}` is named without a namespace, and no object uses the store yet")));
        }
    };
    if !could_be_name(reached) || !could_be_name(name) {
        return Err(refused("a reference is not the name of an object".to_owned()));
    }
    Ok(ObjectName::new(reached, name))
}

fn refused(message: String) -> Failure {
    Failure::lasting(Reason::InvalidSpec, message)
}

/// The letters of a DNS subdomain: whatever they spell, they stay one segment of a path.
fn could_be_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    !text.is_empty() && text.len() <= 253 && !text.starts_with('.') && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_namespaced_object_reaches_its_own_namespace() {
        let expected = Ok(ObjectName::new("shop", "token"));
        assert_eq!(resolve(Tenant::Namespace("shop"), None, "token"), expected);
        assert_eq!(resolve(Tenant::Namespace("shop"), Some(""), "token"), expected);
        assert_eq!(resolve(Tenant::Namespace("shop"), Some("shop"), "token"), expected);
        let refused = resolve(Tenant::Namespace("shop"), Some("kube-system"), "token").unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidSpec);
        assert!(refused.message.contains("kube-system/token"), "{}", refused.message);
    }

    #[test]
    fn a_cluster_scoped_object_may_name_a_namespace_and_else_means_that_of_its_user() {
        let used = Tenant::Cluster { referent: Some("shop") };
        assert_eq!(resolve(used, Some("vault"), "token"), Ok(ObjectName::new("vault", "token")));
        assert_eq!(resolve(used, None, "token"), Ok(ObjectName::new("shop", "token")));
        assert!(resolve(Tenant::Cluster { referent: None }, None, "token").is_err());
        assert!(resolve(Tenant::Cluster { referent: None }, Some("vault"), "token").is_ok());
    }

    proptest! {
        #[test]
        fn no_reference_of_a_namespaced_object_leads_out(own in "[a-z]{1,8}", namespace in proptest::option::of(".*"), name in ".*") {
            if let Ok(found) = resolve(Tenant::Namespace(&own), namespace.as_deref(), &name) {
                prop_assert_eq!(&found.namespace, &own);
                prop_assert_eq!(&found.name, &name);
            }
        }

        #[test]
        fn what_is_reached_is_one_segment_of_a_path(namespace in ".*", name in "[a-z./%?#-]*") {
            if let Ok(found) = resolve(Tenant::Cluster { referent: None }, Some(&namespace), &name) {
                for part in [found.namespace, found.name] {
                    prop_assert!(!part.is_empty() && !part.contains(['/', '%', '?', '#']) && part != "." && part != "..");
                }
            }
        }
    }
}
