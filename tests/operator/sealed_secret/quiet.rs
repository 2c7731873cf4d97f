//! Section 2: a second pass over an unchanged world writes nothing and says nothing.

use anyhow::Result;
use crds::SealedSecret;
use rig::Operator;
use serde_json::json;

use crate::scene::{DEADLINE, Scene, rsa_operations};

#[tokio::test]
async fn an_irrelevant_annotation_causes_no_call_at_all() -> Result<()> {
    let scene = Scene::new().await?;
    // One worker: whatever the first object causes is done before the second is looked at.
    let operator = Operator::start_ready(&scene.options()?.argument("--workers").argument("1")).await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    scene.create_sealed("broken", "one").await?;
    scene.change::<SealedSecret>("broken", json!({ "spec": { "encryptedData": { "password": "AQAAAA==" } } })).await?;
    let broken = scene.reported("broken", |condition| condition.status == "False").await?;
    // The event follows the status, and would count as an answer to what comes next.
    let warned = async || {
        let events = scene.events(&broken).await.ok()?;
        events.iter().any(|event| event.type_.as_deref() == Some("Warning")).then_some(())
    };
    rig::eventually(DEADLINE, "the event about the failure", warned).await?;
    let (mark, opened) = (scene.mark().await?, rsa_operations(&operator).await?);
    for name in ["db", "broken"] {
        scene
            .change::<SealedSecret>(
                name,
                json!({ "metadata": { "annotations": { "argocd.argoproj.io/sync-wave": "7" } } }),
            )
            .await?;
    }
    // Seen on the same watch, after them.
    scene.create_sealed("later", "two").await?;
    let later = scene.synced("later").await?;
    scene.told(&later, 1).await?;
    let calls = scene.calls(mark).await?;
    let of_ours = |name: &str| calls.iter().filter(|call| call.name == name).count();
    assert_eq!((of_ours("db"), of_ours("broken")), (0, 0), "{calls:?}");
    let written: Vec<_> = calls
        .iter()
        .filter(|call| call.writes() && call.resource != "leases")
        .map(|call| call.resource.as_str())
        .collect();
    assert_eq!(written, ["secrets", "sealedsecrets/status", "events"], "{calls:?}");
    assert_eq!(rsa_operations(&operator).await?, opened + 1);
    Ok(())
}
