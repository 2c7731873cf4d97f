//! `strongroom keys`: which key seals, who still needs each, and which may be taken out of use. It changes nothing: retiring a
//! key is one `kubectl label`, and giving it back another.

use anyhow::Result;
use crds::SealedSecret;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::ListArguments;
use super::census::{Census, Way, by_opening, by_status, sealed_secrets};
use super::found::{Found, find, keyring, sealing};
use crate::api_error::describe;
use crate::clock;
use crate::command::{Cluster, Complaint, Output, Verdict, counted, print, say, table};
use crate::name::ObjectName;

/// A key in the report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    secret: String,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<Timestamp>,
    objects: usize,
    values: usize,
    retire: Retire,
    /// Why it holds no key.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// What a key is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It seals, and opens.
    Seals,
    /// It opens what was sealed with it.
    Opens,
    /// Another value of the label takes it out of use.
    Retired,
    /// There is no usable key in the Secret.
    Unusable,
}

/// Whether a key may be taken out of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Retire {
    /// `None`: nobody knows.
    possible: Option<bool>,
    because: String,
}

impl Retire {
    fn new(possible: Option<bool>, because: impl Into<String>) -> Retire {
        Retire { possible, because: because.into() }
    }

    fn words(&self) -> String {
        let word = match self.possible {
            Some(true) => return "yes".to_owned(),
            Some(false) => "no",
            None => "unknown",
        };
        format!("{word}: {}", self.because)
    }
}

/// Lists the keys.
pub(super) async fn list(arguments: &ListArguments) -> Result<Verdict> {
    let cluster = arguments.cluster.connect().await?;
    let namespaces = &arguments.namespaces;
    let objects = sealed_secrets(&cluster.client, namespaces, None).await.map_err(|error| {
        let hint = "it takes the right to list SealedSecrets; with --namespace those of some namespaces are counted";
        Complaint::new(format!("could not list the SealedSecrets: {}", describe(&error)), hint)
    })?;
    match find(&cluster).await {
        Ok(found) if found.is_empty() => {
            let message = format!("there is no sealing key in namespace `{}`", cluster.namespace);
            Err(Complaint::new(message, "name the namespace of the controller with --operator-namespace").into())
        }
        Ok(found) => with_keys(arguments, &cluster, found, objects).await,
        Err(kube::Error::Api(status)) if status.code == 403 => {
            let message =
                "the key Secrets may not be read: counted from the statuses, which name one key for each object";
            say(&format!("note: {message}"));
            without_keys(&by_status(&objects), arguments.output)
        }
        Err(error) => Err(Complaint::new(
            format!("could not read the sealing keys in namespace `{}`: {}", cluster.namespace, describe(&error)),
            "see that the cluster can be reached",
        )
        .into()),
    }
}

async fn with_keys(
    arguments: &ListArguments,
    cluster: &Cluster,
    found: Vec<Found>,
    objects: Vec<Result<SealedSecret, ObjectName>>,
) -> Result<Verdict> {
    let seals = sealing(&found, arguments.key_order_priority);
    let bare: Vec<Bare> = found.iter().map(|found| Bare::of(found, seals.as_deref())).collect();
    let keyring = keyring(found);
    let census = tokio::task::spawn_blocking(move || by_opening(&keyring, &objects)).await?;
    let everywhere = arguments.namespaces.is_empty();
    let rows: Vec<Row> = bare.into_iter().map(|bare| bare.judged(&census, everywhere)).collect();
    match arguments.output {
        Output::Table => print(&text(&rows, clock::now()))?,
        Output::Json => print(&json(&rows, &census, (cluster, seals.as_deref()), &arguments.namespaces)?)?,
    }
    tell(&rows, &census, everywhere, clock::now());
    let is_faulty = rows.iter().any(|row| row.is_faulty(clock::now()));
    Ok(Verdict::found(is_faulty || !census.unknown.is_empty()))
}

/// A key before anything was counted.
struct Bare(Row);

impl Bare {
    fn of(found: &Found, seals: Option<&str>) -> Bare {
        let certificate = found.key.as_ref().ok().map(kubeseal::SealingKey::certificate);
        let state = match (&found.key, found.retired()) {
            (Err(_), _) => State::Unusable,
            (_, Some(_)) => State::Retired,
            _ if found.fingerprint() == seals => State::Seals,
            _ => State::Opens,
        };
        Bare(Row {
            secret: found.name(),
            state,
            fingerprint: found.fingerprint().map(str::to_owned),
            bits: certificate.map(|certificate| certificate.modulus_len() * 8),
            not_before: certificate.map(kubeseal::Certificate::not_before),
            not_after: certificate.map(kubeseal::Certificate::not_after),
            objects: 0,
            values: 0,
            retire: Retire::new(None, ""),
            fault: found.key.as_ref().err().cloned(),
        })
    }

    fn judged(self, census: &Census, everywhere: bool) -> Row {
        let need = self.0.fingerprint.as_deref().map(|fingerprint| census.need(fingerprint)).unwrap_or_default();
        let retire = judge(self.0.state, need.objects, census, everywhere);
        Row { objects: need.objects, values: need.values, retire, ..self.0 }
    }
}

/// A key may go when it is certain that nothing needs it. What nobody can open may need any of them, once it is mended.
fn judge(state: State, objects: usize, census: &Census, everywhere: bool) -> Retire {
    match state {
        State::Seals => Retire::new(Some(false), "it seals"),
        State::Unusable => Retire::new(Some(false), "it holds no key"),
        State::Retired if objects == 0 => Retire::new(Some(false), "it is"),
        _ if objects > 0 => {
            let verb = if objects == 1 { "needs" } else { "need" };
            Retire::new(Some(false), format!("{} {verb} it", counted(objects, "object")))
        }
        _ if !census.unknown.is_empty() => {
            Retire::new(None, format!("{} cannot be opened", counted(census.unknown.len(), "object")))
        }
        _ if census.objects == 0 => Retire::new(None, "there is no SealedSecret to count"),
        _ if !everywhere => Retire::new(None, "not all namespaces were counted"),
        _ => Retire::new(Some(true), "nothing in the cluster needs it"),
    }
}

impl Row {
    /// A key that is needed and gone, or that should be there and is not.
    fn is_faulty(&self, now: Timestamp) -> bool {
        match self.state {
            State::Unusable => true,
            State::Retired => self.objects > 0,
            State::Seals => self.has_expired(now),
            State::Opens => false,
        }
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        self.not_after.is_some_and(|end| end < now)
    }
}

fn text(rows: &[Row], now: Timestamp) -> String {
    let head = ["SECRET", "STATE", "AGE", "EXPIRES", "OBJECTS", "VALUES", "RETIRE", "FINGERPRINT"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    lines.extend(rows.iter().map(|row| {
        vec![
            row.secret.clone(),
            word(row.state).to_owned(),
            or_dash(row.not_before.map(|began| age(began, now))),
            or_dash(row.not_after.map(day)),
            row.objects.to_string(),
            row.values.to_string(),
            row.retire.words(),
            or_dash(row.fingerprint.clone()),
        ]
    }));
    table(&lines)
}

fn word(state: State) -> &'static str {
    match state {
        State::Seals => "seals",
        State::Opens => "opens",
        State::Retired => "retired",
        State::Unusable => "unusable",
    }
}

/// Whole days.
pub(super) fn age(began: Timestamp, now: Timestamp) -> String {
    format!("{}d", now.duration_since(began).as_hours() / 24)
}

pub(super) fn day(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d").to_string()
}

fn json(
    rows: &[Row],
    census: &Census,
    (cluster, seals): (&Cluster, Option<&str>),
    namespaces: &[String],
) -> Result<String> {
    let report = json!({
        "namespace": cluster.namespace,
        "sealsWith": seals,
        "countedBy": census.way,
        "countedIn": if namespaces.is_empty() { json!("all namespaces") } else { json!(namespaces) },
        "objects": census.objects,
        "values": census.values,
        "unknown": census.unknown,
        "keys": rows,
    });
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn tell(rows: &[Row], census: &Census, everywhere: bool, now: Timestamp) {
    let place = if everywhere { "the cluster" } else { "the namespaces named" };
    let (objects, values) = (counted(census.objects, "SealedSecret"), counted(census.values, "value"));
    say(&format!("counted by opening {values} of {objects} in {place}; files that were not applied are not counted"));
    for row in rows {
        if let Some(fault) = &row.fault {
            say(&format!("warning: {} holds no usable key: {fault}", row.secret));
        } else if row.state == State::Retired && row.objects > 0 {
            let needed = counted(row.objects, "object");
            say(&format!("warning: {} is out of use, and {needed} open with no other key", row.secret));
        } else if row.state == State::Seals && row.has_expired(now) {
            say(&format!("warning: the certificate of {}, which seals, has expired: kubeseal refuses it", row.secret));
        }
    }
    for unknown in &census.unknown {
        for (key, why) in &unknown.values {
            say(&format!("warning: {}: `{key}`: {why}", unknown.object));
        }
    }
}

/// What the statuses alone can tell.
fn without_keys(census: &Census, output: Output) -> Result<Verdict> {
    let keys: Vec<(&String, usize)> = census.needs.iter().map(|(key, need)| (key, need.objects)).collect();
    match output {
        Output::Table => {
            let mut lines = vec![["OBJECTS", "FINGERPRINT"].map(str::to_owned).to_vec()];
            lines.extend(keys.iter().map(|(key, objects)| vec![objects.to_string(), (*key).clone()]));
            print(&table(&lines))?;
        }
        Output::Json => {
            let keys: Vec<_> =
                keys.iter().map(|(key, objects)| json!({ "fingerprint": key, "objects": objects })).collect();
            let report =
                json!({ "countedBy": Way::Status, "objects": census.objects, "unknown": census.unknown, "keys": keys });
            print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
        }
    }
    let (objects, unknown) = (counted(census.objects, "SealedSecret"), census.unknown.len());
    say(&format!("counted from the statuses of {objects}; of {unknown} the key is not known"));
    say("note: which key can be retired is known only to who may read the keys: an object may need several");
    Ok(Verdict::found(unknown > 0))
}

#[cfg(test)]
mod tests {
    use super::super::census::{Need, Unknown};
    use super::*;

    fn census(unknown: usize) -> Census {
        let one = Unknown { object: "shop/db".into(), values: std::collections::BTreeMap::new() };
        let needs = [("SHA256:a".to_owned(), Need { objects: 1, values: 2 })].into();
        Census { objects: 1, needs, unknown: vec![one; unknown], ..Census::default() }
    }

    #[test]
    fn a_key_may_go_only_when_it_is_certain_that_nothing_needs_it() {
        let possible =
            |state, objects, unknown, everywhere| judge(state, objects, &census(unknown), everywhere).possible;
        assert_eq!(possible(State::Opens, 0, 0, true), Some(true));
        assert_eq!(possible(State::Opens, 1, 0, true), Some(false));
        assert_eq!(possible(State::Seals, 0, 0, true), Some(false));
        assert_eq!(possible(State::Opens, 0, 1, true), None, "what nobody can open may need it");
        assert_eq!(possible(State::Opens, 0, 0, false), None, "other namespaces may need it");
        assert_eq!(possible(State::Retired, 0, 1, false), Some(false));
        assert_eq!(judge(State::Opens, 0, &Census::default(), true).possible, None, "an empty cluster proves nothing");
        assert_eq!(judge(State::Retired, 2, &census(0), true).words(), "no: 2 objects need it");
    }

    #[test]
    fn ages_are_whole_days() {
        let at = |text: &str| text.parse().unwrap();
        assert_eq!(age(at("2026-01-01T12:00:00Z"), at("2026-01-03T11:59:59Z")), "1d");
        assert_eq!(day(at("2026-01-03T11:59:59Z")), "2026-01-03");
    }
}
