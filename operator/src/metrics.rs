//! What the operator counts. Labels are bounded: kinds, outcomes and reasons, never the name of an object.

use std::sync::Mutex;
use std::sync::PoisonError;

use crds::Condition;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use sealed_secrets::OriginalMetrics;

mod process;
pub mod sealed_secrets;

/// The label sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    kind: String,
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Write {
    verb: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Read {
    provider: String,
    outcome: String,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Mutex<Registry>,
    reconciles: Family<Outcome, Counter>,
    failures: Family<Kind, Counter>,
    panics: Family<Kind, Counter>,
    secret_writes: Family<Write, Counter>,
    status_writes: Counter,
    rsa_operations: Counter,
    store_reads: Family<Read, Counter>,
    objects: Family<Kind, Gauge>,
    leads: Gauge,
    usable_keys: Gauge,
    unusable_keys: Gauge,
    certificate_expiry: Gauge,
    /// By the names of the Sealed Secrets controller.
    pub original: OriginalMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("strongroom");
        let metrics = Metrics {
            reconciles: Family::default(),
            failures: Family::default(),
            panics: Family::default(),
            secret_writes: Family::default(),
            status_writes: Counter::default(),
            rsa_operations: Counter::default(),
            store_reads: Family::default(),
            objects: Family::default(),
            leads: Gauge::default(),
            usable_keys: Gauge::default(),
            unusable_keys: Gauge::default(),
            certificate_expiry: Gauge::default(),
            original: OriginalMetrics::default(),
            registry: Mutex::new(Registry::default()),
        };
        registry.register(
            "reconciles",
            "Passes over an object that did work, by the reason they ended with",
            metrics.reconciles.clone(),
        );
        registry.register(
            "api_failures",
            "Passes that ended with a failed call to the API server",
            metrics.failures.clone(),
        );
        registry.register("panics", "Passes that ended with a panic", metrics.panics.clone());
        registry.register("secret_writes", "Secrets written", metrics.secret_writes.clone());
        registry.register("status_writes", "Statuses written", metrics.status_writes.clone());
        registry.register("rsa_operations", "RSA private-key operations", metrics.rsa_operations.clone());
        registry.register("store_reads", "Secrets read from stores", metrics.store_reads.clone());
        registry.register("objects", "Objects served", metrics.objects.clone());
        registry.register("leads", "Whether this replica leads", metrics.leads.clone());
        registry.register("sealing_keys", "Sealing keys in use", metrics.usable_keys.clone());
        registry.register(
            "sealing_keys_unusable",
            "Secrets that should hold a sealing key and hold none that can be used",
            metrics.unusable_keys.clone(),
        );
        registry.register(
            "sealing_certificate_expiry_timestamp_seconds",
            "When the certificate to seal with expires, in seconds since the epoch; 0 when there is none",
            metrics.certificate_expiry.clone(),
        );
        Metrics { registry: Mutex::new(registry), ..metrics }
    }
}

impl Metrics {
    /// A pass over an object has ended with this condition.
    pub fn reconciled(&self, kind: &str, conditions: &[Condition]) {
        let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
        let reason = ready.and_then(|ready| ready.reason.clone()).unwrap_or_default();
        self.reconciles.get_or_create(&Outcome { kind: kind.to_owned(), reason }).inc();
    }

    /// A pass has ended with a failed call to the API server.
    pub fn api_failed(&self, kind: &str) {
        self.failures.get_or_create(&Kind { kind: kind.to_owned() }).inc();
    }

    /// A pass has ended with a panic.
    pub fn panicked(&self, kind: &str) {
        self.panics.get_or_create(&Kind { kind: kind.to_owned() }).inc();
    }

    /// A Secret was written.
    pub fn secret_written(&self, created: bool) {
        let verb = if created { "create" } else { "update" }.to_owned();
        self.secret_writes.get_or_create(&Write { verb }).inc();
    }

    /// A status was written.
    pub fn status_written(&self) {
        self.status_writes.inc();
    }

    /// So many RSA private-key operations were done.
    pub fn rsa_operations(&self, count: usize) {
        self.rsa_operations.inc_by(count as u64);
    }

    /// A store was asked for a secret.
    pub fn store_read(&self, provider: &str, success: bool) {
        let outcome = if success { "success" } else { "error" }.to_owned();
        self.store_reads.get_or_create(&Read { provider: provider.to_owned(), outcome }).inc();
    }

    /// So many objects of a kind are served.
    pub fn objects(&self, kind: &str, count: usize) {
        self.objects.get_or_create(&Kind { kind: kind.to_owned() }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Whether this replica leads.
    pub fn leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }

    /// So many sealing keys are in use, and so many Secrets should hold one and do not.
    pub fn sealing_keys(&self, usable: usize, unusable: usize) {
        self.usable_keys.set(i64::try_from(usable).unwrap_or(i64::MAX));
        self.unusable_keys.set(i64::try_from(unusable).unwrap_or(i64::MAX));
    }

    /// When the certificate to seal with expires.
    pub fn sealing_certificate_expires(&self, at: Option<Timestamp>) {
        self.certificate_expiry.set(at.map_or(0, Timestamp::as_second));
    }

    /// All of it in the text format of Prometheus. `conditions` are samples made from what is remembered of the objects.
    pub fn text(&self, conditions: &str) -> String {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        // Writing to a String does not fail.
        let _infallible = encode_registry(&mut text, &registry).and_then(|()| self.original.write(&mut text));
        text.push_str(&process::text());
        text.push_str(conditions);
        let _infallible = encode_eof(&mut text);
        text
    }
}
