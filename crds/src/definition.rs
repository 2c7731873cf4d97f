//! The custom resource definitions as a cluster installs them, made from the types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;

use crate::{ClusterSecretStore, ExternalSecret, SealedSecret, SecretStore, SopsSecret};

/// One definition and the file it is kept in.
pub struct Definition {
    /// The name of the file in this folder.
    pub file: &'static str,
    /// The definition.
    pub resource: CustomResourceDefinition,
}

/// Every definition that Strongroom serves.
pub fn definitions() -> Vec<Definition> {
    vec![
        Definition { file: "sealedsecrets.bitnami.com.yaml", resource: SealedSecret::crd() },
        Definition { file: "sopssecrets.strongroom.dev.yaml", resource: SopsSecret::crd() },
        Definition {
            file: "externalsecrets.external-secrets.io.yaml",
            resource: external_secrets_io(ExternalSecret::crd()),
        },
        Definition { file: "secretstores.external-secrets.io.yaml", resource: external_secrets_io(SecretStore::crd()) },
        Definition {
            file: "clustersecretstores.external-secrets.io.yaml",
            resource: external_secrets_io(ClusterSecretStore::crd()),
        },
    ]
}

/// Serves `v1beta1` beside `v1`. Both have the schema of `v1`: objects are not converted between them, so a field that one
/// of them lacked would be lost at a write through it.
fn external_secrets_io(mut resource: CustomResourceDefinition) -> CustomResourceDefinition {
    let kind = &resource.spec.names.kind;
    let beta: Vec<_> = resource.spec.versions.iter_mut().map(|v1| beta_of(kind, v1)).collect();
    resource.spec.versions.extend(beta);
    resource
}

fn beta_of(kind: &str, v1: &mut CustomResourceDefinitionVersion) -> CustomResourceDefinitionVersion {
    if let Some(root) = v1.schema.as_mut().and_then(|s| s.open_api_v3_schema.as_mut()) {
        // The originals demand no spec.
        root.required = None;
        refuse_null(root);
    }
    CustomResourceDefinitionVersion {
        name: "v1beta1".to_owned(),
        storage: false,
        deprecated: Some(true),
        deprecation_warning: Some(format!(
            "external-secrets.io/v1beta1 {kind} is served for old manifests; write external-secrets.io/v1"
        )),
        ..v1.clone()
    }
}

/// Takes back that optional fields may be `null`, which the originals refuse. Where there is a default, the API server puts
/// it in place of a `null` only if the field may not be `null`. Times are left alone: `refreshTime` may be `null`.
fn refuse_null(schema: &mut JSONSchemaProps) {
    if schema.format.as_deref() != Some("date-time") {
        schema.nullable = None;
    }
    let items = match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => Some(item.as_mut()),
        _ => None,
    };
    let values = match &mut schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(value)) => Some(value.as_mut()),
        _ => None,
    };
    let fields = schema.properties.iter_mut().flat_map(|fields| fields.values_mut());
    fields.chain(items).chain(values).for_each(refuse_null);
}
