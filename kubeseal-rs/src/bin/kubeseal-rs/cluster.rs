//! What is asked of a cluster and its kubeconfig: the controller's certificate, and the namespace one works in.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Service;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

use crate::args::Args;
use crate::failure::Failure;

const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The namespace of the kubeconfig's context, `default` when the context names none, or in a pod the pod's own.
pub(crate) fn default_namespace(args: &Args) -> Option<String> {
    match kubeconfig(args) {
        Ok(Some(kubeconfig)) => context_namespace(&kubeconfig, args.context.as_deref()),
        Ok(None) => pod_namespace(),
        Err(_) => None,
    }
}

fn context_namespace(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let name = context.filter(|name| !name.is_empty()).or(kubeconfig.current_context.as_deref())?;
    let context = kubeconfig.contexts.iter().find(|context| context.name == name)?.context.as_ref()?;
    let namespace = context.namespace.clone().filter(|namespace| !namespace.is_empty());
    Some(namespace.unwrap_or_else(|| "default".to_owned()))
}

fn pod_namespace() -> Option<String> {
    let is_pod = env::var_os("KUBERNETES_SERVICE_HOST").is_some() && Path::new(SERVICE_ACCOUNT).join("token").exists();
    if !is_pod {
        return None;
    }
    let own = env::var("POD_NAMESPACE").or_else(|_| fs::read_to_string(Path::new(SERVICE_ACCOUNT).join("namespace")));
    own.ok().map(|namespace| namespace.trim().to_owned()).filter(|namespace| !namespace.is_empty())
}

/// The kubeconfig of the flag or of the environment; `None` when there is none at all.
fn kubeconfig(args: &Args) -> Result<Option<Kubeconfig>> {
    if let Some(path) = args.kubeconfig.as_deref().filter(|path| !path.as_os_str().is_empty()) {
        return Ok(Some(Kubeconfig::read_from(path)?));
    }
    let in_home = || env::home_dir().is_some_and(|home| home.join(".kube/config").exists());
    if env::var_os("KUBECONFIG").is_none_or(|paths| paths.is_empty()) && !in_home() {
        return Ok(None);
    }
    Ok(Some(Kubeconfig::read()?))
}

/// Fetches the certificate of the newest sealing key from the controller, through the API server's proxy to its Service.
pub(crate) fn fetch_certificate(args: &Args) -> Result<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fetch(args))
}

async fn fetch(args: &Args) -> Result<Vec<u8>> {
    let (namespace, name) = (&args.controller_namespace, &args.controller_name);
    for (flag, value) in [("--controller-namespace", namespace), ("--controller-name", name)] {
        if !is_dns_name(value) {
            return Err(Failure::with_hint(
                format!("{flag} is no name that Kubernetes allows"),
                "use a-z, 0-9, - and .",
            ));
        }
    }
    let client = client(args).await?;
    let services = Api::<Service>::namespaced(client.clone(), namespace);
    let service = services.get(name).await.map_err(|error| {
        let hint = "name the controller with --controller-namespace and --controller-name, or use --cert";
        let message = format!("cannot get the Service `{name}` in namespace `{namespace}`");
        Failure::over(error, message, hint)
    })?;
    let ports = service.spec.and_then(|spec| spec.ports).unwrap_or_default();
    let port = ports.first().ok_or_else(|| {
        Failure::with_hint(
            format!("the Service `{name}` has no port"),
            "check which Service the controller listens behind",
        )
    })?;
    let port = port.name.as_deref().unwrap_or_default();
    let path = format!("/api/v1/namespaces/{namespace}/services/http:{name}:{port}/proxy/v1/cert.pem");
    let request =
        http::Request::get(path).header(http::header::ACCEPT, "application/x-pem-file, */*").body(Vec::new())?;
    let certificate = client.request_text(request).await.map_err(|error| {
        let hint = "check that the controller runs and that you may get services/proxy, or use --cert";
        let message = format!("cannot fetch the certificate from the Service `{name}`");
        Failure::over(error, message, hint)
    })?;
    Ok(certificate.into_bytes())
}

async fn client(args: &Args) -> Result<Client> {
    let hint = "give --kubeconfig, or work without a cluster with --cert";
    let unusable = |error: anyhow::Error| Failure::over(error, "the kubeconfig cannot be used", hint);
    let config = match kubeconfig(args).map_err(unusable)? {
        Some(kubeconfig) => {
            let context = args.context.clone().filter(|context| !context.is_empty());
            let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| unusable(error.into()))?
        }
        None => Config::incluster().map_err(|_| Failure::with_hint("no cluster is configured", hint))?,
    };
    Client::try_from(config).context("cannot connect to the cluster")
}

fn is_dns_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    !name.is_empty() && name.bytes().all(is_allowed)
}
