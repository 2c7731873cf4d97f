//! Events about failures in the words of the original, by which dashboards and people find them. The condition `Ready` has the
//! precise reason; the original knows two.

use crds::SealedSecret;

use crate::failure::Failure;
use crate::name::ObjectName;
use crate::reason::Reason;
use crate::report::Notice;

/// The event for a failure.
pub(super) fn warning(object: &SealedSecret, failure: &Failure) -> Notice {
    let (reason, message) = match failure.reason {
        Reason::UnsealFailed | Reason::TemplateFailed => {
            (Reason::UnsealFailed, format!("Failed to unseal: {}", failure.message))
        }
        Reason::Immutable if failure.message.contains("is immutable") => (Reason::UpdateFailed, immutable(object)),
        Reason::NotOwned
        | Reason::UpdateFailed
        | Reason::NamespaceTerminating
        | Reason::Immutable
        | Reason::TooLarge
        | Reason::ForbiddenType => {
            let message = failure.message.strip_prefix("failed update: ").unwrap_or(&failure.message);
            (Reason::UpdateFailed, message.to_owned())
        }
        reason => (reason, failure.message.clone()),
    };
    Notice { reason, message, warning: true }
}

fn immutable(object: &SealedSecret) -> String {
    let name = ObjectName::of(object).map(|name| name.to_string()).unwrap_or_default();
    format!(
        "Error updating {name}: the target Secret is immutable. Once a Secret is marked as immutable, it is not possible to \
         revert this change nor to mutate the contents of the data field. You can only delete and recreate the Secret."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_two_reasons_of_the_original() {
        let mut object = SealedSecret::new(
            "db",
            crds::SealedSecretSpec { encrypted_data: std::collections::BTreeMap::new(), data: None, template: None },
        );
        object.metadata.namespace = Some("shop".into());
        let told = |reason, message: &str| {
            let notice = warning(&object, &Failure::lasting(reason, message));
            (notice.reason.as_str(), notice.message)
        };
        assert_eq!(
            told(Reason::UnsealFailed, "no key could decrypt secret (a)"),
            ("ErrUnsealFailed", "Failed to unseal: no key could decrypt secret (a)".into())
        );
        assert_eq!(
            told(Reason::NotOwned, "failed update: Resource \"db\" already exists and is not managed by SealedSecret"),
            ("ErrUpdateFailed", "Resource \"db\" already exists and is not managed by SealedSecret".into())
        );
        let (reason, message) = told(Reason::Immutable, "the target Secret is immutable: `db` stays as it is");
        assert_eq!(reason, "ErrUpdateFailed");
        assert!(message.starts_with("Error updating shop/db: the target Secret is immutable. Once"));
        assert_eq!(told(Reason::KeyMissing, "there is no sealing key").0, "KeyMissing");
    }
}
