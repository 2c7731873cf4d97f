//! Where the demo plays: on a control plane of its own, where the operator runs with exactly the rights of `deploy/`, or on
//! the cluster of the current kubeconfig context, where it touches nothing but a namespace of its own.

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::{conditions, wait};
use kube::{Api, Client, ResourceExt as _};
use rig::{ControlPlane, Operator, OperatorOptions};

use crate::{definitions, neighbours, say};

/// The namespace of the demo on somebody's cluster.
const NAMESPACE: &str = "strongroom-demo";

/// A cluster with the operator running.
pub(crate) struct Stage {
    /// May do everything the demo does.
    pub(crate) client: Client,
    /// Where the objects of the demo are.
    pub(crate) namespace: String,
    /// `ClusterSecretStore`, or `SecretStore` where the demo may leave nothing outside its namespace.
    pub(crate) store_kind: &'static str,
    /// The operator.
    pub(crate) operator: Operator,
    cleanup: Cleanup,
}

enum Cleanup {
    Rig(Box<ControlPlane>),
    Current { definitions: Vec<String> },
}

impl Stage {
    /// Starts a control plane and the operator on it.
    pub(crate) async fn rig() -> Result<Stage> {
        say::step("A control plane: etcd and kube-apiserver, with RBAC on");
        let plane = ControlPlane::start(rig::Options::default()).await?;
        let client = plane.admin();
        say::step("The definitions, and the operator's ServiceAccount with the rights in deploy/");
        plane.apply_yaml(include_str!("../../deploy/crds/namespace.yaml")).await?;
        let installation = plane.install_in("strongroom").await?;
        create_namespace(&client, "shop").await?;
        say::step("The operator, as that ServiceAccount");
        let kubeconfig = plane.kubeconfig_file(&installation.token, &installation.namespace)?;
        let operator = Operator::start_ready(&OperatorOptions::new(kubeconfig, &installation.namespace)).await?;
        Ok(Stage {
            client,
            namespace: "shop".into(),
            store_kind: "ClusterSecretStore",
            operator,
            cleanup: Cleanup::Rig(Box::new(plane)),
        })
    }

    /// Starts the operator on the cluster of the current context, unless another controller serves these kinds there.
    pub(crate) async fn current() -> Result<Stage> {
        let client = Client::try_default().await.context("no cluster: there is no usable kubeconfig")?;
        say::step("The cluster of the current context: is anybody else serving these kinds?");
        neighbours::refuse(&client).await?;
        say::detail("nobody");
        say::step(&format!("A namespace of its own ({NAMESPACE}), and the definitions that are missing"));
        create_namespace(&client, NAMESPACE).await?;
        let definitions = definitions::add_missing(&client).await?;
        say::detail(&format!("added: {}", if definitions.is_empty() { "none".into() } else { definitions.join(", ") }));
        say::step("The operator, as you, serving that namespace only");
        let options = OperatorOptions::of_current_context(NAMESPACE).namespace(NAMESPACE);
        let operator = match Operator::start_ready(&options).await {
            Ok(operator) => operator,
            Err(error) => {
                leave(&client, &definitions).await?;
                return Err(error);
            }
        };
        let cleanup = Cleanup::Current { definitions };
        Ok(Stage { client, namespace: NAMESPACE.into(), store_kind: "SecretStore", operator, cleanup })
    }

    /// Ends the operator and takes away everything that the demo put there.
    pub(crate) async fn close(self) -> Result<()> {
        say::step("Cleaning up");
        self.operator.terminate().await?;
        match self.cleanup {
            Cleanup::Rig(plane) => plane.stop().await,
            Cleanup::Current { definitions } => leave(&self.client, &definitions).await,
        }
    }
}

/// Removes what an interrupted demo left on the cluster of the current context. Definitions stay: who added them is not known.
pub(crate) async fn clean_current() -> Result<()> {
    let client = Client::try_default().await.context("no cluster: there is no usable kubeconfig")?;
    leave(&client, &[]).await
}

async fn leave(client: &Client, definitions: &[String]) -> Result<()> {
    let api: Api<Namespace> = Api::all(client.clone());
    if let Some(namespace) = api.get_opt(NAMESPACE).await? {
        if namespace.labels().get("app.kubernetes.io/part-of").map(String::as_str) != Some("strongroom-demo") {
            bail!("the namespace {NAMESPACE} is not the demo's own: it is left alone");
        }
        let uid = namespace.uid().unwrap_or_default();
        api.delete(NAMESPACE, &DeleteParams::default()).await?;
        wait::await_condition(api, NAMESPACE, conditions::is_deleted(&uid)).await?;
        say::detail(&format!("namespace {NAMESPACE}: removed"));
    }
    for name in definitions::remove(client, definitions).await? {
        say::detail(&format!("definition {name}: left, there are objects of its kind"));
    }
    Ok(())
}

async fn create_namespace(client: &Client, name: &str) -> Result<()> {
    let mut namespace = Namespace::default();
    namespace.metadata.name = Some(name.into());
    namespace.labels_mut().insert("app.kubernetes.io/part-of".into(), "strongroom-demo".into());
    let api: Api<Namespace> = Api::all(client.clone());
    api.create(&PostParams::default(), &namespace).await.with_context(|| {
        format!("could not create the namespace {name}; an interrupted demo is cleaned up by: make clean-demo")
    })?;
    Ok(())
}
