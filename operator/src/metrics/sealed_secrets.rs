//! What the Sealed Secrets controller counts, under its names, so that its dashboards and alerts go on.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crds::SealedSecret;
use kube::ResourceExt as _;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::cache::Cache;
use crate::reason::Reason;

/// The histogram buckets of the original's library, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const CONDITION_INFO: &str = "sealed_secrets_controller_condition_info";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Error {
    reason: &'static str,
    namespace: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    path: String,
    code: u16,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    path: String,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    revision: &'static str,
}

/// The metrics of the original.
pub struct OriginalMetrics {
    registry: Registry,
    requests: Counter,
    errors: Family<Error, Counter>,
    http_requests: Family<Request, Counter>,
    http_durations: Family<Timed, Histogram>,
}

impl Default for OriginalMetrics {
    fn default() -> Self {
        let (requests, errors, http_requests) = (Counter::default(), Family::default(), Family::default());
        let http_durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let build = Family::<Build, Gauge>::default();
        // Never set in the original: what counts is the label.
        build.get_or_create(&Build { revision: env!("CARGO_PKG_VERSION") }).set(0);
        let mut registry = Registry::with_prefix("sealed_secrets_controller");
        registry.register("build_info", "Build information", build);
        registry.register("unseal_requests", "Passes over a SealedSecret that did work", Clone::clone(&requests));
        registry.register("unseal_errors", "Passes over a SealedSecret that failed, by reason", Clone::clone(&errors));
        registry.register("http_requests", "Requests to /v1", Clone::clone(&http_requests));
        registry.register(
            "http_request_duration_seconds",
            "Latencies of requests to /v1",
            Clone::clone(&http_durations),
        );
        OriginalMetrics { registry, requests, errors, http_requests, http_durations }
    }
}

impl OriginalMetrics {
    /// A pass over a SealedSecret has done work; `failed` is why its Secret is not right.
    pub fn reconciled(&self, namespace: &str, failed: Option<Reason>) {
        self.requests.inc();
        if let Some(reason) = failed {
            self.failed(word(reason), namespace);
        }
    }

    /// A status could not be written.
    pub fn status_failed(&self, namespace: &str) {
        self.failed("status", namespace);
    }

    /// An object or its Secret could not be read or written.
    pub fn call_failed(&self) {
        self.failed("fetch", "");
    }

    fn failed(&self, reason: &'static str, namespace: &str) {
        self.errors.get_or_create(&Error { reason, namespace: namespace.to_owned() }).inc();
    }

    /// A request was answered.
    pub fn answered(&self, path: &str, method: &http::Method, code: u16, took: Duration) {
        let (path, method) = (path.to_owned(), method_word(method));
        self.http_durations.get_or_create(&Timed { path: path.clone(), method }).observe(took.as_secs_f64());
        self.http_requests.get_or_create(&Request { path, code, method }).inc();
    }

    pub(super) fn write(&self, text: &mut String) -> fmt::Result {
        encode_registry(text, &self.registry)
    }
}

/// The original's word for what went wrong.
fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::NotOwned => "unmanaged",
        Reason::UpdateFailed
        | Reason::NamespaceTerminating
        | Reason::Immutable
        | Reason::TooLarge
        | Reason::ForbiddenType
        | Reason::Contested => "update",
        _ => "unseal",
    }
}

/// Whoever asks chooses the method: only those that are known become a label.
fn method_word(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "get",
        "POST" => "post",
        "PUT" => "put",
        "HEAD" => "head",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        "PATCH" => "patch",
        _ => "unknown",
    }
}

/// `condition_info` of every object, made when it is asked for: 1 when `Synced` is true, -1 when it is false, 0 otherwise.
pub fn conditions(objects: &Cache<SealedSecret>) -> String {
    let mut text = format!(
        "# HELP {CONDITION_INFO} Whether a SealedSecret is synced: -1, 0 or 1.\n# TYPE {CONDITION_INFO} gauge\n"
    );
    let mut names = objects.names();
    names.sort_unstable();
    for name in names {
        let Some(entry) = objects.get(&name) else { continue };
        let Ok(object) = &entry.object else { continue };
        let status = object.status.as_ref();
        let Some(synced) = status.and_then(|status| status.conditions.iter().find(|one| one.type_ == "Synced")) else {
            continue;
        };
        let value = match synced.status.as_str() {
            "True" => 1,
            "False" => -1,
            _ => 0,
        };
        // None of these can hold a character that would have to be escaped: they are names and a label's value.
        let instance = object.labels().get("app.kubernetes.io/instance").map_or("", String::as_str);
        let (namespace, name) = (&name.namespace, &name.name);
        let _infallible = writeln!(
            text,
            r#"{CONDITION_INFO}{{namespace="{namespace}",name="{name}",condition="Synced",ss_app_kubernetes_io_instance="{instance}"}} {value}"#
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_are_those_of_the_original() {
        let metrics = OriginalMetrics::default();
        metrics.reconciled("shop", Some(Reason::NotOwned));
        metrics.reconciled("shop", None);
        metrics.status_failed("shop");
        metrics.answered("/v1/verify", &http::Method::POST, 409, Duration::from_millis(7));
        let mut text = String::new();
        metrics.write(&mut text).unwrap();
        for line in [
            "sealed_secrets_controller_unseal_requests_total 2",
            r#"sealed_secrets_controller_unseal_errors_total{reason="unmanaged",namespace="shop"} 1"#,
            r#"sealed_secrets_controller_unseal_errors_total{reason="status",namespace="shop"} 1"#,
            r#"sealed_secrets_controller_http_requests_total{path="/v1/verify",code="409",method="post"} 1"#,
            r#"sealed_secrets_controller_http_request_duration_seconds_bucket{le="0.01",path="/v1/verify",method="post"} 1"#,
            concat!("sealed_secrets_controller_build_info{revision=\"", env!("CARGO_PKG_VERSION"), "\"} 0"),
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn an_unknown_method_is_no_label() {
        assert_eq!(method_word(&http::Method::from_bytes(b"SMUGGLE").unwrap()), "unknown");
    }
}
