//! `strongroom keys restore`: makes the key Secrets of a backup that are missing. It never changes one that is there. The
//! operator takes up what comes at once; of the keys that are made the newest comes last and in a second of its own, so that
//! it is the newest by the age of its certificate and by that of its Secret.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::PostParams;
use serde::Serialize;
use serde_json::json;
use sops::master_key::age::Identity;
use zeroize::Zeroizing;

use super::found::{Found, find, sealing};
use super::list::{age, day};
use super::{RestoreArguments, archive, drill, envelope};
use crate::api_error::describe;
use crate::clock;
use crate::command::{Cluster, Complaint, Output, Verdict, counted, print, say, table};
use crate::settings::KeyOrder;

/// Secrets carry the second in which they were made.
const SECOND: Duration = Duration::from_millis(1100);

/// How a key of a backup stands to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub(super) enum Fate {
    /// It is there as it is in the backup.
    Same,
    /// It is there under another name.
    SameAs {
        /// That name.
        secret: String,
    },
    /// A Secret of its name holds something else.
    Differs,
    /// It is not there.
    Missing,
    /// It was not there and has been made.
    Made,
    /// The Secret in the backup holds no usable key.
    Unusable {
        /// Why not.
        cause: String,
    },
}

impl Fate {
    fn words(&self) -> String {
        match self {
            Fate::Same => "in the cluster".to_owned(),
            Fate::SameAs { secret } => format!("in the cluster, as {secret}"),
            Fate::Differs => "another Secret has its name".to_owned(),
            Fate::Missing => "not in the cluster".to_owned(),
            Fate::Made => "restored".to_owned(),
            Fate::Unusable { cause } => format!("unusable: {cause}"),
        }
    }

    fn is_fault(&self) -> bool {
        matches!(self, Fate::Differs | Fate::Unusable { .. })
    }
}

/// Restores, or tries it out.
pub(super) async fn restore(arguments: &RestoreArguments) -> Result<Verdict> {
    let backup = open(arguments)?;
    let mut cluster = arguments.cluster.connect().await?;
    if let (None, Some(namespace)) = (&arguments.cluster.operator_namespace, namespace(&backup)) {
        cluster.namespace = namespace;
    }
    if arguments.drill {
        drill::drill(arguments, &cluster, backup).await
    } else {
        make(arguments, &cluster, &backup).await
    }
}

/// The namespace that all Secrets of a backup name.
fn namespace(backup: &[Found]) -> Option<String> {
    let first = backup.first()?.secret.metadata.namespace.clone()?;
    backup.iter().all(|found| found.secret.metadata.namespace.as_ref() == Some(&first)).then_some(first)
}

fn open(arguments: &RestoreArguments) -> Result<Vec<Found>> {
    let file = contents(&arguments.file)?;
    if !envelope::is_sealed(&file) {
        return archive::read(&file);
    }
    let mut identities = Vec::new();
    for path in &arguments.identities {
        let place = path.display().to_string();
        let text = Zeroizing::new(fs::read(path).with_context(|| format!("could not read {place}"))?);
        identities.extend(Identity::from_file(&text, &place).map_err(|error| anyhow!("{place}: {error}"))?);
    }
    let text = envelope::open(identities, &file).map_err(|error| {
        let hint = "give the right --identity; with a passphrase, a plugin or an SSH key: age -d -i … FILE | strongroom keys restore";
        Complaint::new(format!("could not open the backup: {error:#}"), hint)
    })?;
    archive::read(&text)
}

fn contents(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut contents = Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        if io::stdin().is_terminal() {
            let hint = "name its file, or send it: strongroom keys restore … < keys.age";
            return Err(Complaint::new("there is no backup on standard input, which is a terminal", hint).into());
        }
        io::stdin().lock().read_to_end(&mut contents).context("could not read standard input")?;
    } else {
        *contents = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    }
    Ok(contents)
}

/// How each key of the backup stands to the cluster.
pub(super) async fn compare(cluster: &Cluster, backup: &[Found], present: &[Found]) -> kube::Result<Vec<Fate>> {
    let api: Api<Secret> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let mut fates = Vec::new();
    for found in backup {
        let fate = match present.iter().find(|other| other.name() == found.name()) {
            _ if found.key.is_err() => Fate::Unusable { cause: found.key.as_ref().err().cloned().unwrap_or_default() },
            Some(other) => beside(found, &other.secret),
            // A Secret of that name may be there without the label.
            None => match api.get_opt(&found.name()).await? {
                Some(other) => beside(found, &other),
                None => elsewhere(found, present),
            },
        };
        fates.push(fate);
    }
    Ok(fates)
}

fn beside(found: &Found, other: &Secret) -> Fate {
    let entry = |secret: &Secret, name: &str| secret.data.as_ref().and_then(|data| data.get(name)).cloned();
    let is_same = ["tls.crt", "tls.key"].iter().all(|name| entry(&found.secret, name) == entry(other, name));
    if is_same { Fate::Same } else { Fate::Differs }
}

fn elsewhere(found: &Found, present: &[Found]) -> Fate {
    let twin = present.iter().find(|other| other.fingerprint().is_some() && other.fingerprint() == found.fingerprint());
    twin.map_or(Fate::Missing, |other| Fate::SameAs { secret: other.name() })
}

async fn make(arguments: &RestoreArguments, cluster: &Cluster, backup: &[Found]) -> Result<Verdict> {
    let failed = |error: &kube::Error| {
        let hint = "it takes the rights to get, list and create Secrets in that namespace";
        let message = format!("could not restore into namespace `{}`: {}", cluster.namespace, describe(error));
        Complaint::new(message, hint)
    };
    let present = find(cluster).await.map_err(|error| failed(&error))?;
    let mut fates = compare(cluster, backup, &present).await.map_err(|error| failed(&error))?;
    let missing: Vec<usize> = (0..backup.len()).filter(|at| fates[*at] == Fate::Missing).collect();
    for (number, at) in missing.iter().enumerate() {
        if number > 0 && number + 1 == missing.len() {
            tokio::time::sleep(SECOND).await;
        }
        fates[*at] = create(cluster, &backup[*at]).await.map_err(|error| failed(&error))?;
    }
    let rows: Vec<Row<'_>> = backup.iter().zip(&fates).map(|(found, fate)| Row::new(found, fate)).collect();
    match arguments.output {
        Output::Table => print(&text(&rows))?,
        Output::Json => {
            let report = json!({ "namespace": cluster.namespace, "keys": rows });
            print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
        }
    }
    say(&format!("restored {} into namespace `{}`", counted(missing.len(), "sealing key"), cluster.namespace));
    tell_what_seals(cluster, backup).await;
    Ok(Verdict::found(fates.iter().any(Fate::is_fault)))
}

async fn create(cluster: &Cluster, found: &Found) -> kube::Result<Fate> {
    let api: Api<Secret> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let mut secret = found.secret.clone();
    secret.metadata.namespace = Some(cluster.namespace.clone());
    match api.create(&PostParams::default(), &secret).await {
        Ok(_) => Ok(Fate::Made),
        // Somebody made one meanwhile.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(beside(found, &api.get(&found.name()).await?)),
        Err(error) => Err(error),
    }
}

/// Says which key seals from now on, and when it is not the newest of the backup. Words only: the work is done.
async fn tell_what_seals(cluster: &Cluster, backup: &[Found]) {
    let Ok(present) = find(cluster).await else { return };
    let Some(seals) = sealing(&present, KeyOrder::CertNotBefore) else {
        return say("warning: no sealing key of this namespace is in use");
    };
    let is_it = |found: &&Found| found.fingerprint() == Some(seals.as_str());
    let Some((name, began)) =
        present.iter().find(is_it).and_then(|it| Some((it.name(), it.instant(KeyOrder::CertNotBefore)?)))
    else {
        return;
    };
    if !backup.iter().any(|found| is_it(&found)) {
        say(&format!("warning: {name} is not in the backup and newer than every key in it: it goes on to seal"));
    }
    let age = age(began, clock::now());
    say(&format!(
        "{name} seals; its certificate is of {} ({age}), and by that alone --key-renew-period counts",
        day(began)
    ));
}

/// A key in the report.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    secret: String,
    fingerprint: Option<&'a str>,
    retired: Option<&'a str>,
    fate: &'a Fate,
}

impl<'a> Row<'a> {
    pub(super) fn new(found: &'a Found, fate: &'a Fate) -> Row<'a> {
        Row { secret: found.name(), fingerprint: found.fingerprint(), retired: found.retired(), fate }
    }
}

pub(super) fn text(rows: &[Row<'_>]) -> String {
    let mut lines = vec![["SECRET", "OUTCOME", "FINGERPRINT"].map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| {
        let outcome = match row.retired {
            Some(value) => format!("{} (out of use: {value})", row.fate.words()),
            None => row.fate.words(),
        };
        vec![row.secret.clone(), outcome, row.fingerprint.unwrap_or("-").to_owned()]
    }));
    table(&lines)
}
