//! The SealedSecret as it is written: the fields and their order are those of the original's output.
//!
//! It is made here from a Secret; no value of it is secret any more.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use kubeseal::{CLUSTER_WIDE, Certificate, NAMESPACE_WIDE, Scope};
use serde::{Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret::{Metadata, Secret};

/// Annotations in which tools keep a copy of the whole object, values included.
const LAST_APPLIED: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SealedSecret {
    kind: &'static str,
    api_version: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    template: Template,
    encrypted_data: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Template {
    metadata: ObjectMeta,
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    type_: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    immutable: Option<bool>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectMeta {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    generate_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    finalizers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    managed_fields: Vec<ManagedFields>,
}

/// An entry of `managedFields`; only what the API knows is written, in its order.
struct ManagedFields(BTreeMap<String, Value>);

impl Serialize for ManagedFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let order = ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];
        let is_set = |value: &&Value| !value.is_null() && value.as_str() != Some("");
        serializer.collect_map(order.iter().filter_map(|field| Some((field, self.0.get(*field).filter(is_set)?))))
    }
}

/// How Secrets are sealed.
pub(crate) struct Sealer<'a, N: Fn() -> Option<String>> {
    pub(crate) certificate: &'a Certificate,
    /// The scope of the command line; strict leaves the choice to the Secret.
    pub(crate) scope: Scope,
    /// The name of the command line.
    pub(crate) name: Option<&'a str>,
    /// The namespace of the command line.
    pub(crate) namespace: Option<&'a str>,
    /// Where a Secret goes when neither it nor the command line says: asked only then.
    pub(crate) default_namespace: N,
    pub(crate) allow_empty_data: bool,
}

impl<N: Fn() -> Option<String>> Sealer<'_, N> {
    /// Seals every value of a Secret, each for itself.
    pub(crate) fn seal(&self, secret: &Secret) -> Result<SealedSecret> {
        let Secret { type_, immutable, values, .. } = secret;
        let mut metadata = secret.metadata.clone();
        if values.is_empty() && !self.allow_empty_data {
            return Err(Failure::with_hint("the Secret has no data", "--allow-empty-data seals it all the same"));
        }
        if let Some(name) = self.name {
            name.clone_into(&mut metadata.name);
        }
        if metadata.name.is_empty() {
            return Err(Failure::with_hint("the Secret has no metadata.name", "add one, or give --name"));
        }
        if self.scope != Scope::Strict {
            annotate(&mut metadata.annotations, self.scope);
        }
        let scope = Scope::from_annotations(&metadata.annotations);
        if scope != Scope::ClusterWide {
            metadata.namespace = self.namespace_of(&metadata)?;
        }
        let label = scope.label(&metadata.namespace, &metadata.name);
        let seal = |(key, value): (&String, &Zeroizing<Vec<u8>>)| {
            let blob = kubeseal::seal(self.certificate, &label, value).with_context(|| format!("`{key}`"))?;
            Ok((key.clone(), kubeseal::encode_base64(&blob)))
        };
        let encrypted_data = values.iter().map(seal).collect::<Result<_>>()?;
        Ok(SealedSecret::new(metadata, scope, encrypted_data, (type_.clone(), *immutable)))
    }

    fn namespace_of(&self, metadata: &Metadata) -> Result<String> {
        match (metadata.namespace.as_str(), self.namespace) {
            ("", Some(namespace)) => Ok(namespace.to_owned()),
            ("", None) => (self.default_namespace)().ok_or_else(|| {
                let message = format!("the Secret `{}` has no namespace", metadata.name);
                Failure::with_hint(message, "add metadata.namespace, give --namespace, or use --scope cluster-wide")
            }),
            (own, Some(namespace)) if own != namespace => {
                let message = format!("the Secret `{}` is in namespace `{own}`, not `{namespace}`", metadata.name);
                Err(Failure::with_hint(message, "leave --namespace out, or correct the Secret"))
            }
            (own, _) => Ok(own.to_owned()),
        }
    }
}

impl SealedSecret {
    fn new(
        metadata: Metadata,
        scope: Scope,
        encrypted_data: BTreeMap<String, String>,
        (type_, immutable): (String, Option<bool>),
    ) -> SealedSecret {
        let mut annotations = BTreeMap::new();
        annotate(&mut annotations, scope);
        let outer = ObjectMeta {
            name: metadata.name.clone(),
            namespace: metadata.namespace.clone(),
            annotations,
            ..ObjectMeta::default()
        };
        let template = Template { metadata: ObjectMeta::of_template(metadata), type_, immutable };
        SealedSecret {
            kind: "SealedSecret",
            api_version: "bitnami.com/v1alpha1",
            metadata: outer,
            spec: Spec { template, encrypted_data },
        }
    }
}

impl ObjectMeta {
    fn of_template(mut metadata: Metadata) -> ObjectMeta {
        metadata.annotations.retain(|name, _| !LAST_APPLIED.contains(&name.as_str()));
        ObjectMeta {
            name: metadata.name,
            generate_name: metadata.generate_name,
            namespace: metadata.namespace,
            labels: metadata.labels,
            annotations: metadata.annotations,
            finalizers: metadata.finalizers,
            managed_fields: metadata.managed_fields.into_iter().map(ManagedFields).collect(),
        }
    }
}

/// Makes the annotations ask for `scope` and no other.
fn annotate(annotations: &mut BTreeMap<String, String>, scope: Scope) {
    annotations.remove(CLUSTER_WIDE);
    annotations.remove(NAMESPACE_WIDE);
    if let Some(annotation) = scope.annotation() {
        annotations.insert(annotation.to_owned(), "true".to_owned());
    }
}
