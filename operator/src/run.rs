//! `strongroom run`: the one place where controllers start. Watches and the HTTP port run on every replica, workers only on
//! the one that leads; losing the lease ends the process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use crds::{ExternalSecret, SealedSecret, SopsSecret};
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::api_error::describe;
use crate::context::{Context, Parts};
use crate::election::Election;
use crate::keyring::follow_keys;
use crate::keyring::renewal::{self, ensure_key};
use crate::proof_key;
use crate::readiness::Readiness;
use crate::server::{self, Served};
use crate::settings::{Family, Settings};
use crate::source::SecretSource;
use crate::stores;
use crate::watch::{follow_secrets, follow_sources};
use crate::worker;

/// How long work in progress may take after a request to stop.
const GRACE: Duration = Duration::from_secs(10);
const KEY_RETRY: Duration = Duration::from_secs(5);

/// Runs the operator until it is asked to stop or loses the lease.
///
/// # Errors
/// The cluster cannot be reached at all, the port is taken, or leadership was lost.
pub async fn run(mut settings: Settings) -> Result<()> {
    let config = cluster_config(&settings).await?;
    let namespace = own_namespace(&settings, &config);
    settings.narrow(&namespace);
    for words in settings.sealed_secrets.without_effect() {
        tracing::info!("has no effect here: {words}");
    }
    let client = Client::try_from(config).context("could not make a client for the cluster")?;
    let (election, leadership) = Election::new(client.clone(), &namespace, identity()?);
    let proof = proof_key::get_or_create(&client, &namespace).await?;
    let context = Arc::new(Context::new(Parts { client, settings, namespace, proof, leadership }));
    let readiness = Arc::new(Readiness::default());
    let served = Served::new(Arc::clone(&context), Arc::clone(&readiness));
    let listener = server::bind(context.inputs.settings.listen_addr).await?;
    tracing::info!(address = %context.inputs.settings.listen_addr, namespace = %context.namespace, version = env!("CARGO_PKG_VERSION"), "started");
    let mut tasks = JoinSet::new();
    if let Some(address) = context.inputs.settings.sealed_secrets.listen_metrics_addr {
        tasks.spawn(server::serve_metrics(server::bind(address).await?, served.clone()));
    }
    tasks.spawn(server::serve(listener, served));
    // Before anything may send it: its default is to end the process.
    let key_request = signal(SignalKind::user_defined1())?;
    if context.inputs.settings.serves(Family::SealedSecrets) {
        tasks.spawn(renewal::run(Arc::clone(&context), key_request));
    }
    watch_all(&context, &readiness, &mut tasks);
    tasks.spawn(lead(Arc::clone(&context), Arc::clone(&readiness)));
    let mut terminate = signal(SignalKind::terminate())?;
    let outcome = tokio::select! {
        lost = election.run() => lost,
        ended = tasks.join_next() => ended.context("no task is running")?.context("a task ended unexpectedly")?,
        _ = terminate.recv() => stop(&context, "SIGTERM").await,
        _ = tokio::signal::ctrl_c() => stop(&context, "SIGINT").await,
    };
    election.release().await;
    outcome
}

async fn stop(context: &Context, signal: &str) -> Result<()> {
    tracing::info!(signal, "stopping: work in progress is finished first");
    context.stopping.send_replace(true);
    let finished = async {
        let mut busy = context.busy.subscribe();
        let _closed = busy.wait_for(|busy| *busy == 0).await;
    };
    let _too_long = tokio::time::timeout(GRACE, finished).await;
    Ok(())
}

fn watch_all(context: &Arc<Context>, readiness: &Arc<Readiness>, tasks: &mut JoinSet<Result<()>>) {
    let namespaces = match context.inputs.settings.namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    let serves = |family| context.inputs.settings.serves(family);
    for namespace in namespaces {
        let (context, pending) = (context, &readiness.pending);
        let place = || (Arc::clone(context), namespace.clone(), Arc::clone(pending));
        pending.begin();
        let (context, namespace, pending) = place();
        tasks.spawn(follow_secrets(context, namespace, pending));
        if serves(Family::SealedSecrets) {
            sources::<SealedSecret>(tasks, place());
        }
        if serves(Family::Sops) {
            sources::<SopsSecret>(tasks, place());
        }
        if serves(Family::ExternalSecrets) {
            sources::<ExternalSecret>(tasks, place());
        }
    }
    if serves(Family::SealedSecrets) {
        readiness.pending.begin();
        let (context, pending) = (Arc::clone(context), Arc::clone(&readiness.pending));
        tasks.spawn(follow_keys(context, pending));
    }
    if let Some(namespace) = context.namespace_of_default_key() {
        readiness.pending.begin();
        tasks.spawn(follow_secrets(Arc::clone(context), Some(namespace), Arc::clone(&readiness.pending)));
    }
    if serves(Family::ExternalSecrets) {
        stores::follow_all(context, &readiness.pending, tasks);
    }
}

type Place = (Arc<Context>, Option<String>, Arc<crate::watch::Pending>);

fn sources<K: SecretSource>(tasks: &mut JoinSet<Result<()>>, (context, namespace, pending): Place) {
    pending.begin();
    tasks.spawn(follow_sources::<K>(context, namespace, pending));
}

/// Waits for the lease and for everything to be seen once, then works until the process ends.
async fn lead(context: Arc<Context>, readiness: Arc<Readiness>) -> Result<()> {
    context.leadership.required().await;
    context.inputs.metrics.leads(true);
    while !readiness.pending.none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut tasks = JoinSet::new();
    if context.inputs.settings.serves(Family::SealedSecrets) {
        tasks.spawn(worker::run::<SealedSecret>(Arc::clone(&context)));
        key_or_fault(&context, &readiness).await;
    }
    if context.inputs.settings.serves(Family::Sops) {
        tasks.spawn(worker::run::<SopsSecret>(Arc::clone(&context)));
    }
    if context.inputs.settings.serves(Family::ExternalSecrets) {
        tasks.spawn(worker::run::<ExternalSecret>(Arc::clone(&context)));
        tasks.spawn(stores::run(Arc::clone(&context)));
    }
    tasks
        .join_next()
        .await
        .context("nothing is served: every family is disabled")?
        .context("a worker ended unexpectedly")?
}

/// Makes sure that there is a sealing key. Without one the other kinds still work, and the replica is not ready.
async fn key_or_fault(context: &Arc<Context>, readiness: &Arc<Readiness>) {
    let Err(error) = ensure_key(context).await else { return };
    tracing::error!(cause = %error, "no sealing key");
    readiness.set_fault(Some(error.to_string()));
    let (context, readiness) = (Arc::clone(context), Arc::clone(readiness));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(KEY_RETRY).await;
            if !context.inputs.keyring().keys().is_empty() || ensure_key(&context).await.is_ok() {
                return readiness.set_fault(None);
            }
        }
    });
}

/// The namespace of the operator itself: as told, as the pod was told, or that of its ServiceAccount.
pub(crate) fn own_namespace(settings: &Settings, config: &Config) -> String {
    let of_the_pod = || std::env::var("POD_NAMESPACE").ok().filter(|name| !name.is_empty());
    settings.operator_namespace.clone().or_else(of_the_pod).unwrap_or_else(|| config.default_namespace.clone())
}

/// The cluster that the settings name: a kubeconfig, or the one that the pod is in.
pub(crate) async fn cluster_config(settings: &Settings) -> Result<Config> {
    let options = KubeConfigOptions { context: settings.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match &settings.kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path)
                .with_context(|| format!("could not read the kubeconfig {}", path.display()))?;
            Config::from_custom_kubeconfig(kubeconfig, &options).await?
        }
        None if settings.context.is_some() => {
            Config::from_kubeconfig(&options).await.context("could not read the kubeconfig")?
        }
        None => Config::infer().await.context("found neither a kubeconfig nor a cluster around this process")?,
    };
    // A watch is kept alive by bookmarks; a call that takes this long has failed.
    config.read_timeout = Some(Duration::from_secs(295));
    Ok(config)
}

/// A name that no other replica has: the pod's, or the machine's with a random part.
fn identity() -> Result<String> {
    let host =
        std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME")).unwrap_or_else(|_| "strongroom".to_owned());
    let mut random = [0_u8; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(format!("{host}_{:016x}", u64::from_be_bytes(random)))
}

/// Writes a failed call to the API server to the log, in words that quote nothing.
pub(crate) fn log_failure(kind: &str, name: &crate::name::ObjectName, error: &kube::Error) {
    tracing::warn!(kind, object = %name, cause = %describe(error), "a call to the API server failed and is tried again");
}
