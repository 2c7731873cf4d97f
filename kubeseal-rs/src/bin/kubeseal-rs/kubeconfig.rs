//! Where the cluster is and as whom it is asked: the kubeconfig with the flags over it, as kubectl reads both, or in a Pod what
//! the Pod was given.
//!
//! Errors never repeat a line of a kubeconfig: it holds tokens and keys.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use kube::Config;
use kube::config::{AuthInfo, Cluster, Context, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::connection::{Connection, given};
use crate::failure::Failure;
use crate::{files, proxy};

const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const HINT: &str = "give --kubeconfig, or work without a cluster with --cert";

/// The namespace to work in when neither the command line nor the object says: that of the kubeconfig's context, `default` when
/// the context names none, or in a Pod the Pod's own. None when there is no cluster at all.
pub(crate) fn default_namespace(connection: &Connection) -> Option<String> {
    let selected = selected(connection).ok()?;
    let own = selected.as_ref().and_then(|selected| selected.context.namespace.clone());
    let own = own.filter(|namespace| !namespace.is_empty());
    own.or_else(|| is_pod().then(pod_namespace)).or_else(|| selected.map(|_| "default".to_owned()))
}

fn is_pod() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("KUBERNETES_SERVICE_HOST")
        && is_set("KUBERNETES_SERVICE_PORT")
        && Path::new(SERVICE_ACCOUNT).join("token").is_file()
}

fn pod_namespace() -> String {
    let own = env::var("POD_NAMESPACE").ok().filter(|namespace| !namespace.is_empty());
    let own = own.or_else(|| fs::read_to_string(Path::new(SERVICE_ACCOUNT).join("namespace")).ok());
    own.map(|namespace| namespace.trim().to_owned())
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or_else(|| "default".to_owned())
}

/// How to reach the cluster.
pub(crate) fn config(connection: &Connection) -> Result<Config> {
    let mut config = match selected(connection)? {
        Some(selected) => selected.into_config()?,
        None if is_pod() => in_pod(connection)?,
        None => return Err(Failure::with_hint("no cluster is configured", HINT)),
    };
    // The loop around a request knows what the controller's limiter asks for.
    config.default_retry = false;
    Ok(config)
}

/// In a Pod only these flags count, as for kubectl.
fn in_pod(connection: &Connection) -> Result<Config> {
    let unusable =
        |error: kube::config::InClusterError| Failure::over(error, "the Pod's ServiceAccount cannot be used", HINT);
    let mut config = Config::incluster().map_err(unusable)?;
    if let Some(server) = given(connection.server.as_ref()) {
        config.cluster_url = address(server).ok_or_else(|| unusable_address("--server"))?;
    }
    if let Some(token) = given(connection.token.as_ref()) {
        config.auth_info = AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() };
    }
    if given(connection.certificate_authority.as_ref()).is_some() {
        config.root_cert_file = connection.certificate_authority.clone().map(PathBuf::from);
    }
    Ok(config)
}

fn unusable_address(of: &str) -> anyhow::Error {
    Failure::with_hint(format!("{of} is no address"), "write it as https://HOST:PORT")
}

/// One context of a kubeconfig, with what it names and the flags over it.
struct Selected {
    context: Context,
    cluster: Cluster,
    user: AuthInfo,
}

/// None when neither a kubeconfig nor a flag names a server.
fn selected(connection: &Connection) -> Result<Option<Selected>> {
    let kubeconfig = read(connection)?;
    let context = context(&kubeconfig, connection)?;
    let mut cluster = cluster(&kubeconfig, &context, connection)?;
    over_cluster(&mut cluster, connection);
    if cluster.server.as_ref().is_none_or(String::is_empty) {
        return if context.cluster.is_empty() { Ok(None) } else { Err(missing("cluster", &context.cluster)) };
    }
    let mut user = user(&kubeconfig, &context, connection)?;
    over_user(&mut user, connection);
    Ok(Some(Selected { context, cluster, user }))
}

/// The file of the flag alone; otherwise those of $KUBECONFIG, of which missing ones do not count and of several the first that
/// names a thing wins; otherwise the one in the home directory.
fn read(connection: &Connection) -> Result<Kubeconfig> {
    let explicit = connection.kubeconfig.as_deref().filter(|path| !path.as_os_str().is_empty());
    if let Some(path) = explicit {
        return read_file(path);
    }
    let listed = env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty());
    let paths: Vec<PathBuf> = match listed {
        Some(paths) => env::split_paths(&paths).collect(),
        None => env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect(),
    };
    let mut merged = Kubeconfig::default();
    for path in paths.iter().filter(|path| path.exists()) {
        let next = read_file(path)?;
        merged =
            merged.merge(next).map_err(|error| Failure::over(error, "the kubeconfigs do not fit together", HINT))?;
    }
    Ok(merged)
}

fn read_file(path: &Path) -> Result<Kubeconfig> {
    Kubeconfig::read_from(path).map_err(|error| match error {
        kube::config::KubeconfigError::ReadConfig(error, _) => {
            let reason = files::reason(&error);
            Failure::with_hint(format!("the kubeconfig {} cannot be read: {reason}", path.display()), HINT)
        }
        _ => Failure::with_hint(format!("{} is not a kubeconfig", path.display()), "`kubectl config view` checks it"),
    })
}

fn missing(what: &str, name: &str) -> anyhow::Error {
    let hint = "`kubectl config view` shows what the kubeconfig holds";
    Failure::with_hint(format!("the kubeconfig has no {what} `{name}`"), hint)
}

fn context(kubeconfig: &Kubeconfig, connection: &Connection) -> Result<Context> {
    let current = kubeconfig.current_context.as_deref().filter(|name| !name.is_empty());
    let Some(name) = given(connection.context.as_ref()).or(current) else {
        return Ok(Context::default());
    };
    let named = kubeconfig.contexts.iter().find(|context| context.name == name);
    named.and_then(|named| named.context.clone()).ok_or_else(|| missing("context", name))
}

fn cluster(kubeconfig: &Kubeconfig, context: &Context, connection: &Connection) -> Result<Cluster> {
    let wanted = given(connection.cluster.as_ref());
    let name = wanted.unwrap_or(&context.cluster);
    let named = kubeconfig.clusters.iter().find(|cluster| cluster.name == name);
    match named.and_then(|named| named.cluster.clone()) {
        None if wanted.is_some() => Err(missing("cluster", name)),
        found => Ok(found.unwrap_or_default()),
    }
}

fn user(kubeconfig: &Kubeconfig, context: &Context, connection: &Connection) -> Result<AuthInfo> {
    let wanted = given(connection.user.as_ref());
    let name = wanted.or(context.user.as_deref()).unwrap_or_default();
    let named = kubeconfig.auth_infos.iter().find(|user| user.name == name);
    match named.and_then(|named| named.auth_info.clone()) {
        None if wanted.is_some() => Err(missing("user", name)),
        found => Ok(found.unwrap_or_default()),
    }
}

/// A certificate of the command line replaces both kinds of the kubeconfig, and its rule about trust.
fn over_cluster(cluster: &mut Cluster, connection: &Connection) {
    let authority = given(connection.certificate_authority.as_ref());
    if connection.insecure_skip_tls_verify || authority.is_some() {
        cluster.insecure_skip_tls_verify = Some(connection.insecure_skip_tls_verify);
        cluster.certificate_authority = authority.map(str::to_owned);
        cluster.certificate_authority_data = None;
    }
    let server = given(connection.server.as_ref());
    let server_name = given(connection.tls_server_name.as_ref());
    // The name in the kubeconfig is that of the kubeconfig's server.
    if server.is_some() || server_name.is_some() {
        cluster.tls_server_name = server_name.map(str::to_owned);
    }
    replace(&mut cluster.server, server);
    replace(&mut cluster.proxy_url, given(connection.proxy_url.as_ref()));
}

/// Who the command line says one is replaces who the kubeconfig says.
fn over_user(user: &mut AuthInfo, connection: &Connection) {
    let (token, username) = (given(connection.token.as_ref()), given(connection.username.as_ref()));
    if token.is_some() || username.is_some() {
        (user.token, user.token_file, user.exec, user.auth_provider) = (None, None, None, None);
        (user.username, user.password) = (None, None);
    }
    replace(&mut user.token, token);
    replace(&mut user.username, username);
    replace(&mut user.password, given(connection.password.as_ref()));
    if let Some(certificate) = given(connection.client_certificate.as_ref()) {
        (user.client_certificate, user.client_certificate_data) = (Some(certificate.to_owned()), None);
    }
    if let Some(key) = given(connection.client_key.as_ref()) {
        (user.client_key, user.client_key_data) = (Some(key.to_owned()), None);
    }
    replace(&mut user.impersonate, given(connection.act_as.as_ref()));
    replace(&mut user.impersonate_uid, given(connection.act_as_uid.as_ref()));
    if !connection.act_as_groups.is_empty() {
        user.impersonate_groups = Some(connection.act_as_groups.clone());
    }
}

fn replace<T: From<String>>(field: &mut Option<T>, flag: Option<&str>) {
    if let Some(value) = flag {
        *field = Some(value.to_owned().into());
    }
}

impl Selected {
    fn into_config(self) -> Result<Config> {
        let Selected { cluster, mut user, .. } = self;
        let server =
            address(cluster.server.as_deref().unwrap_or_default()).ok_or_else(|| unusable_address("the server"))?;
        if server.scheme_str() != Some("https") {
            // Nobody shall read a credential on the way.
            user = AuthInfo {
                impersonate: user.impersonate,
                impersonate_uid: user.impersonate_uid,
                impersonate_groups: user.impersonate_groups,
                impersonate_user_extra: user.impersonate_user_extra,
                ..AuthInfo::default()
            };
        }
        if let Some(plugin) = user.exec.as_mut().filter(|plugin| plugin.provide_cluster_info) {
            plugin.cluster = Some((&cluster).try_into().map_err(|_| unusable_authority())?);
        }
        let mut config = Config::new(server);
        config.proxy_url = proxy::of(&config.cluster_url, cluster.proxy_url.as_deref())?;
        config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
        config.root_cert = authorities(&cluster)?;
        config.tls_server_name = cluster.tls_server_name.filter(|name| !name.is_empty());
        config.auth_info = user;
        Ok(config)
    }
}

/// An address without a scheme is an http address, as for kubectl.
fn address(server: &str) -> Option<Uri> {
    let address: Uri =
        if server.contains("://") { server.parse().ok()? } else { format!("http://{server}").parse().ok()? };
    address.host().is_some().then_some(address)
}

fn unusable_authority() -> anyhow::Error {
    let hint = "it is a PEM file, or its text in base64 as certificate-authority-data";
    Failure::with_hint("the certificate authority of the cluster cannot be read", hint)
}

/// The certificates that prove the server, in DER. The text in the kubeconfig counts before the file.
fn authorities(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>> {
    let is_given = |text: &&String| !text.is_empty();
    let pem = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (Some(text), _) if is_given(&text) => STANDARD.decode(text.trim()).map_err(|_| unusable_authority())?,
        (_, Some(path)) if is_given(&path) => files::read(Path::new(path))?.to_vec(),
        _ => return Ok(None),
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates =
        certificates.ok().filter(|certificates| !certificates.is_empty()).ok_or_else(unusable_authority)?;
    Ok(Some(certificates.iter().map(|certificate| certificate.to_vec()).collect()))
}

#[cfg(test)]
mod tests;
