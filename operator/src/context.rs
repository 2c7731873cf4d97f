//! What every worker shares: the client, what is remembered of the cluster, and the keys in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crds::{ExternalSecret, SealedSecret, SopsSecret};
use kube::Client;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::election::Leadership;
use crate::inputs::{Cluster, Inputs};
use crate::lane::Lane;
use crate::name::ObjectName;
use crate::proof::ProofKey;
use crate::settings::{Family, Settings};
use crate::source::SecretSource as _;
use crate::stores::StoreLane;

/// Changes by others count together until there has been peace for so long.
const CONTEST_WINDOW: Duration = Duration::from_mins(1);
/// So many of them are undone at once; then each waits twice as long as the one before.
const CONTEST_LIMIT: u32 = 5;
const LONGEST_TRUCE: Duration = Duration::from_secs(32);

/// A Secret that somebody else keeps changing.
struct Contest {
    /// Their changes so far.
    changes: u32,
    /// The version that the last of them has made.
    version: String,
    last: Instant,
}

/// Shared by all controllers of the process.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// The namespace of the sealing keys, the proof key and the lease.
    pub namespace: String,
    /// The key of proofs.
    pub proof: ProofKey,
    /// What opening and fetching use.
    pub inputs: Inputs,
    /// `SealedSecret`.
    pub sealed_secrets: Lane<SealedSecret>,
    /// `SopsSecret`.
    pub sops_secrets: Lane<SopsSecret>,
    /// `ExternalSecret`.
    pub external_secrets: Lane<ExternalSecret>,
    /// The stores that wait for a check.
    pub stores: StoreLane,
    /// Whether this replica may write.
    pub leadership: Leadership,
    /// Set once the process is asked to stop.
    pub stopping: watch::Sender<bool>,
    /// How many passes are under way.
    pub busy: watch::Sender<usize>,
    contests: Mutex<HashMap<ObjectName, Contest>>,
}

/// What a context is made from.
pub struct Parts {
    /// The API server.
    pub client: Client,
    /// What the operator was told.
    pub settings: Settings,
    /// The namespace of the operator itself.
    pub namespace: String,
    /// The key of proofs.
    pub proof: ProofKey,
    /// Whether this replica may write.
    pub leadership: Leadership,
}

impl Context {
    /// A context that knows nothing of the cluster yet.
    pub fn new(parts: Parts) -> Context {
        let gather = Arc::new(Cluster::new(parts.client.clone()));
        Context {
            client: parts.client,
            namespace: parts.namespace,
            proof: parts.proof,
            inputs: Inputs::new(parts.settings, gather),
            sealed_secrets: Lane::default(),
            sops_secrets: Lane::default(),
            external_secrets: Lane::default(),
            stores: StoreLane::default(),
            leadership: parts.leadership,
            stopping: watch::channel(false).0,
            busy: watch::channel(0).0,
            contests: Mutex::default(),
        }
    }

    /// Counts a change by somebody else, known by the version that it has made, and answers how long it stands before it
    /// is undone: not at all at first.
    pub fn truce(&self, secret: &ObjectName, version: &str) -> Option<Duration> {
        let mut contests = self.contests.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        contests.retain(|_, contest| now.duration_since(contest.last) < CONTEST_WINDOW);
        let contest =
            contests.entry(secret.clone()).or_insert_with(|| Contest { changes: 0, version: String::new(), last: now });
        if contest.version != version {
            *contest = Contest { changes: contest.changes + 1, version: version.to_owned(), last: now };
        }
        let doublings = contest.changes.checked_sub(CONTEST_LIMIT + 1)?;
        let truce = Duration::from_secs(1 << doublings.min(5)).min(LONGEST_TRUCE);
        truce.checked_sub(now.duration_since(contest.last)).filter(|rest| !rest.is_zero())
    }

    /// Whether no object waits to be looked at and none is being looked at.
    pub fn is_idle(&self) -> bool {
        self.sealed_secrets.queue.is_idle()
            && self.sops_secrets.queue.is_idle()
            && self.external_secrets.queue.is_idle()
    }

    /// Brings the gauges of objects up to date.
    pub fn count_objects(&self) {
        self.inputs.metrics.objects("SealedSecret", self.sealed_secrets.cache.len());
        self.inputs.metrics.objects("SopsSecret", self.sops_secrets.cache.len());
        self.inputs.metrics.objects("ExternalSecret", self.external_secrets.cache.len());
    }

    /// Whether this is the Secret with the keys of SopsSecrets that name none.
    pub fn is_default_key(&self, secret: &ObjectName) -> bool {
        self.inputs.settings.sops_age_secret.as_ref() == Some(secret)
    }

    /// The namespace of that Secret when it is not served, and so must be followed for this Secret alone.
    pub fn namespace_of_default_key(&self) -> Option<String> {
        let settings = &self.inputs.settings;
        let key = settings.sops_age_secret.as_ref().filter(|_| settings.serves(Family::Sops))?;
        let served = settings.namespaces.is_empty() || settings.namespaces.contains(&key.namespace);
        (!served).then(|| key.namespace.clone())
    }

    /// Wakes every object that describes or uses this Secret.
    pub fn wake_describing(&self, secret: &ObjectName) {
        if SealedSecret::heals(&self.inputs.settings) {
            for name in self.sealed_secrets.cache.describing(secret) {
                self.sealed_secrets.queue.push(name);
            }
        }
        for name in self.sops_secrets.cache.describing(secret) {
            self.sops_secrets.queue.push(name);
        }
        for name in self.external_secrets.cache.describing(secret) {
            self.external_secrets.queue.push(name);
        }
        if self.is_default_key(secret) {
            for name in self.sops_secrets.cache.names() {
                self.sops_secrets.queue.push(name);
            }
        }
    }

    /// Whether an object of ours describes this Secret.
    pub fn is_described(&self, secret: &ObjectName) -> bool {
        !self.sealed_secrets.cache.describing(secret).is_empty()
            || !self.sops_secrets.cache.describing(secret).is_empty()
            || !self.external_secrets.cache.describing(secret).is_empty()
    }
}
