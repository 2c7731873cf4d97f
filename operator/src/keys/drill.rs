//! `strongroom keys restore --drill`: what a backup is worth today, found out without writing anything: whether its keys are
//! whole, whether it lacks one that the cluster has, and whether it opens what the cluster holds.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;

use super::RestoreArguments;
use super::census::{Census, Unknown, by_opening, sealed_secrets};
use super::found::{Found, find, keyring};
use super::restore::{Fate, Row, compare, text};
use crate::api_error::describe;
use crate::command::{Cluster, Complaint, Output, Verdict, counted, print, say};

/// What was found out.
struct Outcome {
    /// How each key of the backup stands to the cluster; empty when the cluster's may not be read.
    fates: Vec<Fate>,
    /// Keys in use that the backup lacks.
    lacking: Vec<String>,
    /// What the backup opens.
    census: Census,
    /// Values that the cluster's keys open and the backup does not.
    lost: Vec<Unknown>,
    /// Values that nothing here opens.
    broken: Vec<Unknown>,
}

/// Tries a restoration out.
pub(super) async fn drill(arguments: &RestoreArguments, cluster: &Cluster, backup: Vec<Found>) -> Result<Verdict> {
    let present = match find(cluster).await {
        Ok(present) => Some(present),
        Err(kube::Error::Api(status)) if status.code == 403 => None,
        Err(error) => return Err(unreachable(cluster, &error)),
    };
    let fates = match &present {
        Some(present) => compare(cluster, &backup, present).await.map_err(|error| unreachable(cluster, &error))?,
        None => alone(&backup),
    };
    let rows: Vec<Row<'_>> = backup.iter().zip(&fates).map(|(found, fate)| Row::new(found, fate)).collect();
    let head = match arguments.output {
        Output::Table => json!(text(&rows)),
        Output::Json => json!(rows),
    };
    let has = |found: &Found| backup.iter().any(|ours| ours.fingerprint() == found.fingerprint());
    let used = present.iter().flatten().filter(|found| found.in_use().is_some());
    let lacking: Vec<String> = used.filter(|found| !has(found)).map(Found::name).collect();
    let objects = sealed_secrets(&cluster.client, &arguments.namespaces, None).await.map_err(|error| {
        let hint = "it takes the right to list SealedSecrets; with --namespace those of some namespaces are opened";
        Complaint::new(format!("could not list the SealedSecrets: {}", describe(&error)), hint)
    })?;
    let is_compared = present.is_some();
    let outcome = tokio::task::spawn_blocking(move || {
        let census = by_opening(&keyring(backup), &objects);
        let opened = present.map(|present| {
            let names: Vec<&str> = census.unknown.iter().map(|unknown| unknown.object.as_str()).collect();
            let mut rest = objects;
            rest.retain(|object| names.contains(&name(object).as_str()));
            by_opening(&keyring(present), &rest).unknown
        });
        let (lost, broken) = split(&census.unknown, opened.as_deref());
        Outcome { fates, lacking, census, lost, broken }
    })
    .await?;
    report(arguments, cluster, &head, &outcome)?;
    tell(&outcome, is_compared);
    // What neither opens is no fault of the backup, when that is known.
    let is_faulty = outcome.fates.iter().any(|fate| matches!(fate, Fate::Unusable { .. } | Fate::Differs));
    Ok(Verdict::found(
        is_faulty
            || !outcome.lacking.is_empty()
            || !outcome.lost.is_empty()
            || (!is_compared && !outcome.broken.is_empty()),
    ))
}

fn unreachable(cluster: &Cluster, error: &kube::Error) -> anyhow::Error {
    let message = format!("could not read the Secrets in namespace `{}`: {}", cluster.namespace, describe(error));
    Complaint::new(message, "see that the cluster can be reached and that you may get and list Secrets there").into()
}

fn name(object: &Result<crds::SealedSecret, crate::name::ObjectName>) -> String {
    match object {
        Ok(object) => crate::name::ObjectName::of(object).map(|name| name.to_string()).unwrap_or_default(),
        Err(name) => name.to_string(),
    }
}

/// The keys of a backup judged without a cluster.
fn alone(backup: &[Found]) -> Vec<Fate> {
    let fate = |found: &Found| match &found.key {
        Ok(_) => Fate::Missing,
        Err(cause) => Fate::Unusable { cause: cause.clone() },
    };
    backup.iter().map(fate).collect()
}

/// Parts what the backup does not open into what the cluster opens and what nothing does.
fn split(unopened: &[Unknown], unopened_by_cluster: Option<&[Unknown]>) -> (Vec<Unknown>, Vec<Unknown>) {
    let Some(others) = unopened_by_cluster else { return (Vec::new(), unopened.to_vec()) };
    let is_broken =
        |object: &str, key: &str| others.iter().any(|other| other.object == object && other.values.contains_key(key));
    let part = |wanted: bool| {
        let kept = unopened.iter().map(|one| {
            let values: BTreeMap<_, _> =
                one.values.clone().into_iter().filter(|(key, _)| is_broken(&one.object, key) == wanted).collect();
            Unknown { object: one.object.clone(), values }
        });
        kept.filter(|one| !one.values.is_empty()).collect::<Vec<_>>()
    };
    (part(false), part(true))
}

fn report(arguments: &RestoreArguments, cluster: &Cluster, head: &serde_json::Value, outcome: &Outcome) -> Result<()> {
    let census = &outcome.census;
    match arguments.output {
        Output::Table => print(head.as_str().unwrap_or_default()),
        Output::Json => {
            let unopened: usize = census.unknown.iter().map(|unknown| unknown.values.len()).sum();
            let report = json!({
                "namespace": cluster.namespace,
                "keys": head,
                "lacking": outcome.lacking,
                "objects": census.objects,
                "values": census.values,
                "opened": census.values - unopened,
                "lost": outcome.lost,
                "broken": outcome.broken,
            });
            print(&(serde_json::to_string_pretty(&report)? + "\n"))
        }
    }
}

fn tell(outcome: &Outcome, is_compared: bool) {
    let census = &outcome.census;
    let unopened: usize = census.unknown.iter().map(|unknown| unknown.values.len()).sum();
    say(&format!(
        "the backup opens {} of {} in {}; nothing was written",
        census.values - unopened,
        counted(census.values, "value"),
        counted(census.objects, "SealedSecret")
    ));
    if !is_compared {
        say("note: the cluster's own keys may not be read, so the backup was not compared with them");
    }
    for secret in &outcome.lacking {
        say(&format!("warning: the backup lacks the sealing key in {secret}: make a new backup"));
    }
    for (objects, words) in
        [(&outcome.lost, "the cluster opens it, the backup does not"), (&outcome.broken, "nothing here opens it")]
    {
        for one in objects {
            for (key, why) in &one.values {
                say(&format!("warning: {}: `{key}`: {words}: {why}", one.object));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(object: &str, keys: &[&str]) -> Unknown {
        Unknown {
            object: object.into(),
            values: keys.iter().map(|key| ((*key).to_owned(), "why".to_owned())).collect(),
        }
    }

    #[test]
    fn what_the_cluster_opens_is_told_apart_from_what_nothing_opens() {
        let (lost, broken) = split(&[unknown("a", &["x", "y"]), unknown("b", &["x"])], Some(&[unknown("a", &["y"])]));
        assert_eq!(lost, [unknown("a", &["x"]), unknown("b", &["x"])]);
        assert_eq!(broken, [unknown("a", &["y"])]);
        let (lost, broken) = split(&[unknown("a", &["x"])], None);
        assert!(lost.is_empty());
        assert_eq!(broken, [unknown("a", &["x"])]);
    }
}
