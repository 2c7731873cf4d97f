//! The operator's place in a cluster, as `deploy/` makes it: the definitions, a ServiceAccount, and exactly the rights of
//! `deploy/base/rbac.yaml`. Only names of namespaces differ, so that several installations fit on one control plane.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::ControlPlane;
use super::manifests;

const SERVICE_ACCOUNT: &str = include_str!("../../../deploy/base/service-account.yaml");
const RIGHTS: &str = include_str!("../../../deploy/base/rbac.yaml");

/// The name of the ServiceAccount and of its roles.
const NAME: &str = "strongroom";

/// Where the operator may run.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The operator's namespace.
    pub namespace: String,
    /// A bearer token of the operator's ServiceAccount, for one hour.
    pub token: String,
    /// How the audit log names that ServiceAccount.
    pub user: String,
}

impl ControlPlane {
    /// Installs everything but the operator itself, in a namespace of its own.
    pub async fn install(&self) -> Result<Installation> {
        let namespace = self.namespace().await?;
        self.install_in(&namespace).await
    }

    /// Installs everything but the operator itself, in a namespace that exists.
    pub async fn install_in(&self, namespace: &str) -> Result<Installation> {
        self.definitions().await?;
        let mut objects = documents(SERVICE_ACCOUNT)?;
        objects.extend(documents(RIGHTS)?.into_iter().filter(|object| !shared(object)));
        for object in &mut objects {
            move_to(object, namespace);
        }
        manifests::apply(&self.admin(), namespace, objects).await?;
        Ok(Installation {
            namespace: namespace.to_owned(),
            token: self.service_account_token(namespace, NAME).await?,
            user: format!("system:serviceaccount:{namespace}:{NAME}"),
        })
    }

    /// Applies the definitions and the ClusterRole once: they are the same for every installation, and two that apply the same
    /// object at once disturb each other.
    pub async fn definitions(&self) -> Result<()> {
        let apply = async || {
            let definitions = crds::definitions().into_iter();
            let mut objects: Vec<Value> =
                definitions.map(|definition| serde_json::to_value(definition.resource)).collect::<Result<_, _>>()?;
            objects.extend(documents(RIGHTS)?.into_iter().filter(shared));
            manifests::apply(&self.admin(), "default", objects).await
        };
        self.definitions.get_or_try_init(apply).await.copied().context("the definitions could not be installed")
    }
}

fn documents(yaml: &str) -> Result<Vec<Value>> {
    serde_saphyr::from_multiple(yaml).context("a manifest of deploy/ is not YAML")
}

fn shared(object: &Value) -> bool {
    object["kind"] == "ClusterRole"
}

/// Moves an object and the subjects that it names to another namespace.
fn move_to(object: &mut Value, namespace: &str) {
    if object["kind"] == "ClusterRoleBinding" {
        object["metadata"]["name"] = json!(format!("{NAME}-{namespace}"));
    } else {
        object["metadata"]["namespace"] = json!(namespace);
    }
    let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten() {
        subject["namespace"] = json!(namespace);
    }
}
