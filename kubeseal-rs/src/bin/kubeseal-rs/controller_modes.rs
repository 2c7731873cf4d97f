//! The modes that have a controller do the work: `--validate` and `--re-encrypt`.

use anyhow::Result;
use http::StatusCode;
use zeroize::Zeroizing;

use crate::args::Format;
use crate::cluster::{self, Controller, block_on};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::node::Node;
use crate::sealed_document::{SealedDocument, sealed_secrets};

/// Asks whether the controller can open every SealedSecret of the input. All are asked about before any is reported.
pub(crate) fn validate(input: &[u8], connection: &Connection) -> Result<()> {
    let documents = sealed_secrets(input)?;
    let refused = block_on(async {
        let controller = Controller::connect(connection).await?;
        let mut refused = Vec::new();
        for (_, document) in &documents {
            let (status, body) = controller.post("verify", document.to_json()?).await?;
            if status == StatusCode::CONFLICT {
                refused.push(document.name());
            } else if !status.is_success() {
                let reason = cluster::reason(status, &body);
                let message = format!("cannot validate sealed secret `{}`: {reason}", document.name());
                return Err(Failure::with_hint(message, "the log of the controller may say more"));
            }
        }
        Ok(refused)
    })?;
    if refused.is_empty() {
        return Ok(());
    }
    Err(Failure::with_hint(
        format!("unable to decrypt sealed secret: {}", refused.join(", ")),
        "it was renamed, moved to another namespace, given another scope, or sealed for another cluster",
    ))
}

/// Has every SealedSecret of the input sealed anew.
pub(crate) fn re_encrypt(input: &[u8], connection: &Connection, format: Format) -> Result<Zeroizing<String>> {
    let documents = sealed_secrets(input)?;
    block_on(async {
        let controller = Controller::connect(connection).await?;
        let mut text = Zeroizing::new(String::new());
        for (_, document) in &documents {
            let (status, body) = controller.post("rotate", document.to_json()?).await?;
            if !status.is_success() {
                let reason = cluster::reason(status, &body);
                let message = format!("cannot re-encrypt secret `{}`: {reason}", document.name());
                return Err(Failure::with_hint(message, "--validate tells whether the controller can open it"));
            }
            let node: Node = serde_json::from_slice(&body).map_err(|_| no_answer())?;
            let sealed = SealedDocument::answered(node).map_err(|_| no_answer())?;
            if sealed.name() != document.name() {
                return Err(no_answer());
            }
            text.push_str(&sealed.written(format)?);
        }
        Ok(text)
    })
}

fn no_answer() -> anyhow::Error {
    let hint = "check that --controller-name names the Service of a Sealed Secrets controller";
    Failure::with_hint("the controller's answer is no SealedSecret", hint)
}
