//! `strongroom keys backup`: every key Secret in one age file on standard output. Nothing is written in clear anywhere, and
//! nothing at all before the finished file was opened again and read as `restore` would read it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use sops::Recipient;

use super::found::{Found, require};
use super::{BackupArguments, archive, envelope};
use crate::command::{Complaint, Verdict, counted, say};

/// Backs the keys up.
pub(super) async fn backup(arguments: &BackupArguments) -> Result<Verdict> {
    if io::stdout().is_terminal() && !arguments.force {
        let hint = "send it to a file: strongroom keys backup --age … > keys.age; --force writes to the terminal";
        return Err(Complaint::new("a backup is not written to a terminal", hint).into());
    }
    let recipients = recipients(arguments)?;
    let cluster = arguments.cluster.connect().await?;
    let keys = usable(require(&cluster).await?, arguments.skip_unusable, &cluster.namespace)?;
    let secrets: Vec<Secret> = keys.iter().map(|found| found.secret.clone()).collect();
    let file = tokio::task::spawn_blocking({
        let recipients = recipients.clone();
        move || seal(&recipients, &secrets)
    })
    .await??;
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(&file)
        .and_then(|()| stdout.flush())
        .context("could not write the backup, what was written is not whole")?;
    let retired = keys.iter().filter(|found| found.retired().is_some()).count();
    say(&format!(
        "backed up {} ({retired} out of use) of namespace `{}` for {}",
        counted(keys.len(), "sealing key"),
        cluster.namespace,
        counted(recipients.len(), "recipient")
    ));
    if retired == keys.len() {
        say("warning: no key in the backup is in use");
    }
    Ok(Verdict::Good)
}

fn seal(recipients: &[Recipient], secrets: &[Secret]) -> Result<Vec<u8>> {
    let text = archive::write(secrets)?;
    let back = archive::read(&text).context("the backup cannot be read back")?;
    let fingerprints =
        |found: &[Found]| -> BTreeSet<_> { found.iter().filter_map(Found::fingerprint).map(str::to_owned).collect() };
    let expected: Vec<Found> = secrets.iter().cloned().map(Found::of).collect();
    ensure!(back.len() == secrets.len() && fingerprints(&back) == fingerprints(&expected), "the backup lacks keys");
    envelope::seal(recipients, &text).map_err(|error| {
        let hint = "post-quantum recipients (age1pq1…) cannot stand beside others; SSH keys and plugins are not supported here";
        Complaint::new(format!("could not encrypt the backup: {error:#}"), hint).into()
    })
}

/// The Secrets whose key fits its certificate, oldest first.
fn usable(found: Vec<Found>, skip: bool, namespace: &str) -> Result<Vec<Found>> {
    let (mut usable, unusable): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|found| found.key.is_ok());
    for one in &unusable {
        let cause = one.key.as_ref().err().map(String::as_str).unwrap_or_default();
        say(&format!("warning: {}: {cause}", one.name()));
    }
    if !unusable.is_empty() && !skip {
        let message = format!("{} in namespace `{namespace}` cannot be used", counted(unusable.len(), "key Secret"));
        let hint = "mend or delete them; --skip-unusable backs up the others";
        return Err(Complaint::new(message, hint).into());
    }
    if usable.is_empty() {
        let message = format!("there is no usable sealing key in namespace `{namespace}`");
        return Err(Complaint::new(message, "name the namespace of the controller with --operator-namespace").into());
    }
    usable.reverse();
    Ok(usable)
}

/// Every recipient once, in the order in which they were named.
fn recipients(arguments: &BackupArguments) -> Result<Vec<Recipient>> {
    let mut recipients: Vec<Recipient> = Vec::new();
    let mut add = |text: &str, place: &str| -> Result<()> {
        let recipient = recipient(text, place)?;
        if !recipients.contains(&recipient) {
            recipients.push(recipient);
        }
        Ok(())
    };
    for text in &arguments.recipients {
        add(text, "--age")?;
    }
    for path in &arguments.recipient_files {
        let place = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("could not read {place}"))?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            add(line, &place)?;
        }
    }
    if recipients.is_empty() {
        let hint =
            "give --age RECIPIENT or --age-recipients-file FILE; age-keygen makes an identity with its recipient";
        return Err(Complaint::new("a backup needs a recipient", hint).into());
    }
    Ok(recipients)
}

fn recipient(text: &str, place: &str) -> Result<Recipient> {
    // What is secret is not repeated.
    if text.to_uppercase().starts_with("AGE-SECRET-KEY-") || text.to_uppercase().starts_with("AGE-PLUGIN-") {
        let hint = "give its public half, which age-keygen -y prints";
        return Err(Complaint::new(format!("{place} holds an identity where a recipient is meant"), hint).into());
    }
    text.parse().map_err(|error| {
        Complaint::new(format!("{place}: {error}"), "a recipient is age1… or age1pq1…, as age-keygen prints it").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_not_taken_for_a_recipient_and_not_repeated() {
        let identity = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQ";
        let words = recipient(identity, "--age").err().unwrap().to_string();
        assert!(!words.contains("QQQ"), "{words}");
        assert!(recipient("age1nonsense", "--age").is_err());
    }
}
