//! The API types of Strongroom: what users write and what the operator answers in `status`.
//!
//! Data only. The definitions that a cluster installs are made from these types by [`definitions`]; they are supersets
//! of the originals' definitions, because a field that a definition lacks is lost at the next write.

mod definition;
mod external_secret;
mod open;
mod sealed_secret;
mod secret_store;
mod sops_secret;
mod status;

pub use definition::{Definition, definitions};
pub use external_secret::{
    Binding, ExternalSecret, ExternalSecretData, ExternalSecretDataFrom, ExternalSecretSpec, ExternalSecretStatus,
    ExternalSecretTarget, RemoteRef, SecretStoreRef, SourceRef,
};
pub use open::Open;
pub use sealed_secret::{SealedSecret, SealedSecretSpec, SealedSecretStatus, SecretTemplate, TemplateMetadata};
pub use secret_store::{
    AwsAuth, AwsJwtAuth, AwsProvider, AwsSecretRef, CaProvider, ClusterSecretStore, ClusterSecretStoreCondition,
    ClusterSecretStoreSpec, FakeData, FakeProvider, FakeValue, RetrySettings, SecretKeySelector, SecretStore,
    SecretStoreProvider, SecretStoreSpec, SecretStoreStatus, ServiceAccountSelector, VaultAuth, VaultKubernetesAuth,
    VaultProvider,
};
pub use sops_secret::{DecryptionSpec, SecretReference, SopsScope, SopsSecret, SopsSecretSpec, SopsSecretStatus};
pub use status::{ChildStatus, Condition, Proof};
