//! Which replica may write: a Lease, renewed while this process lives. Whether another's Lease has run out is judged by how
//! long it has not changed on our own monotonic clock, so that wrong wall clocks elect nobody twice.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::api_error::describe;
use crate::clock;

/// The name of the Lease, in the operator's own namespace.
pub const LEASE: &str = "strongroom";
/// How long a Lease that does not change is respected.
const DURATION: Duration = Duration::from_secs(15);
/// A leader that could not renew for so long stops; shorter than `DURATION`, so that it stops before another starts.
const DEADLINE: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_secs(2);

/// Who may write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Term {
    /// The Lease has not been looked at.
    Unknown,
    /// Another replica.
    Theirs,
    /// This replica, until this time.
    OursUntil(Instant),
}

/// Until when this replica may write.
#[derive(Clone)]
pub struct Leadership(watch::Receiver<Term>);

impl Leadership {
    /// Leadership that nobody contests, for what runs outside a cluster.
    pub fn uncontested() -> Leadership {
        let far = Instant::now() + Duration::from_hours(24 * 365);
        Leadership(watch::channel(Term::OursUntil(far)).1)
    }

    /// Whether this replica may write now.
    pub fn holds(&self) -> bool {
        matches!(*self.0.borrow(), Term::OursUntil(end) if Instant::now() < end)
    }

    /// Whether it is known who leads. Until then nobody can say what this replica has to have done to be ready.
    pub fn is_known(&self) -> bool {
        *self.0.borrow() != Term::Unknown
    }

    /// Returns when this replica may write. After the loss of the Lease it never returns: the process is about to end.
    pub async fn required(&self) {
        let mut changes = self.0.clone();
        while !self.holds() {
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The contest for one Lease.
pub struct Election {
    api: Api<Lease>,
    identity: String,
    term: Arc<watch::Sender<Term>>,
}

impl Election {
    /// Takes part under a name that no other replica has.
    pub fn new(client: Client, namespace: &str, identity: String) -> (Election, Leadership) {
        let (sender, receiver) = watch::channel(Term::Unknown);
        let api = Api::namespaced(client, namespace);
        (Election { api, identity, term: Arc::new(sender) }, Leadership(receiver))
    }

    /// Waits for the Lease, keeps it, and ends with an error when it is lost. It never ends otherwise.
    pub async fn run(&self) -> Result<()> {
        self.acquire().await;
        tracing::info!(identity = %self.identity, "this replica leads");
        let mut renewed = Instant::now();
        loop {
            sleep(INTERVAL).await;
            let asked = Instant::now();
            match tokio::time::timeout(INTERVAL * 2, self.attempt(None)).await {
                Ok(Ok(true)) => {
                    renewed = asked;
                    self.term.send_replace(Term::OursUntil(asked + DEADLINE));
                }
                Ok(Ok(false)) => return self.lost("another replica holds the lease"),
                Ok(Err(error)) => tracing::warn!(cause = %describe(&error), "could not renew the lease"),
                Err(_) => tracing::warn!("could not renew the lease in time"),
            }
            if renewed.elapsed() >= DEADLINE {
                return self.lost("the lease could not be renewed");
            }
        }
    }

    /// Gives the Lease back, so that another replica need not wait for it to run out.
    pub async fn release(&self) {
        if !matches!(self.term.send_replace(Term::Theirs), Term::OursUntil(_)) {
            return;
        }
        let released = tokio::time::timeout(INTERVAL * 2, self.give_back()).await;
        tracing::debug!(released = matches!(released, Ok(Ok(()))), "gave the lease back");
    }

    async fn give_back(&self) -> kube::Result<()> {
        let mut lease = self.api.get(LEASE).await?;
        let holder = lease.spec.as_mut().and_then(|spec| spec.holder_identity.as_mut());
        if let Some(holder) = holder.filter(|holder| **holder == self.identity) {
            holder.clear();
            self.api.replace(LEASE, &PostParams::default(), &lease).await?;
        }
        Ok(())
    }

    fn lost(&self, why: &str) -> Result<()> {
        self.term.send_replace(Term::Theirs);
        bail!("leadership is lost: {why}")
    }

    async fn acquire(&self) {
        let mut observed: Option<(String, Instant)> = None;
        loop {
            let asked = Instant::now();
            let expired =
                observed.as_ref().filter(|(_, since)| since.elapsed() >= DURATION).map(|(version, _)| version.as_str());
            match tokio::time::timeout(INTERVAL * 2, self.attempt(expired)).await {
                Ok(Ok(true)) => {
                    self.term.send_replace(Term::OursUntil(asked + DEADLINE));
                    return;
                }
                Ok(Ok(false)) => {
                    self.term.send_replace(Term::Theirs);
                }
                Ok(Err(error)) => tracing::warn!(cause = %describe(&error), "could not ask for the lease"),
                Err(_) => tracing::warn!("could not ask for the lease in time"),
            }
            if let Ok(Ok(Some(lease))) = tokio::time::timeout(INTERVAL * 2, self.api.get_opt(LEASE)).await {
                let version = lease.metadata.resource_version.unwrap_or_default();
                if observed.as_ref().is_none_or(|(known, _)| *known != version) {
                    observed = Some((version, Instant::now()));
                }
            }
            sleep(INTERVAL).await;
        }
    }

    /// One attempt to take or renew the Lease. `expired` is the version of a Lease that has not changed for too long.
    async fn attempt(&self, expired: Option<&str>) -> kube::Result<bool> {
        let Some(mut lease) = self.api.get_opt(LEASE).await? else {
            return won(self.api.create(&PostParams::default(), &self.new_lease()).await);
        };
        let spec = lease.spec.get_or_insert_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        let is_expired = expired.is_some() && expired == lease.metadata.resource_version.as_deref();
        if holder != self.identity {
            if !holder.is_empty() && !is_expired {
                return Ok(false);
            }
            spec.holder_identity = Some(self.identity.clone());
            spec.acquire_time = Some(MicroTime(clock::now()));
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or_default().saturating_add(1));
        }
        spec.renew_time = Some(MicroTime(clock::now()));
        spec.lease_duration_seconds = i32::try_from(DURATION.as_secs()).ok();
        won(self.api.replace(LEASE, &PostParams::default(), &lease).await)
    }

    fn new_lease(&self) -> Lease {
        let now = MicroTime(clock::now());
        Lease {
            metadata: ObjectMeta { name: Some(LEASE.to_owned()), ..ObjectMeta::default() },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
                lease_transitions: Some(0),
                ..LeaseSpec::default()
            }),
        }
    }
}

/// A conflict means that another replica was faster.
fn won(answer: kube::Result<Lease>) -> kube::Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}
