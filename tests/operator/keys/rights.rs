//! The page gives each command the rights that it needs and none that it does not.

use anyhow::{Result, ensure};
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};

use super::takeover_check::deployment;
use super::{CHECK, COUNT, Person, READ, RESTORE, age_identity, age_open};
use crate::scene::{DEADLINE, Scene};

/// The commands, as the page lists them with their roles.
const COMMANDS: [(&[&str], &[&str]); 5] = [
    (&["keys"], &[READ, COUNT]),
    (&["keys", "backup", "--age"], &[READ]),
    (&["keys", "restore", "--drill"], &[READ, COUNT]),
    (&["takeover", "check"], &[READ, COUNT, CHECK]),
    // The last: it needs keys to be lost.
    (&["keys", "restore"], &[READ, RESTORE]),
];

/// The rules of a role without one verb of one resource, for each of them.
fn lesser(role: &Value) -> Vec<(String, Value)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let except = |all: &Value, gone: &Value| list(all).into_iter().filter(|one| one != gone).collect::<Vec<_>>();
    let mut lesser = Vec::new();
    for (at, rule) in list(&role["rules"]).iter().enumerate() {
        for (resource, verb) in list(&rule["resources"])
            .iter()
            .flat_map(|resource| list(&rule["verbs"]).into_iter().map(move |verb| (resource.clone(), verb)))
        {
            let part = |resources: Vec<Value>, verbs: Vec<Value>| json!({ "apiGroups": rule["apiGroups"], "resources": resources, "verbs": verbs });
            let parts = [
                part(except(&rule["resources"], &resource), list(&rule["verbs"])),
                part(vec![resource.clone()], except(&rule["verbs"], &verb)),
            ];
            let kept = parts.into_iter().filter(|rule| rule["resources"] != json!([]) && rule["verbs"] != json!([]));
            let mut rules = list(&role["rules"]);
            rules.splice(at..=at, kept);
            let name = format!("{} {}", verb.as_str().unwrap_or_default(), resource.as_str().unwrap_or_default());
            lesser.push((name, json!(rules)));
        }
    }
    lesser
}

#[tokio::test]
async fn every_right_of_the_page_is_needed_and_none_is_missing() -> Result<()> {
    let scene = Scene::new().await?;
    scene.create_sealed("db", "one").await?;
    // Whose flags say which namespaces are served.
    deployment(&scene, &["--all-namespaces=false", "--additional-namespaces", &scene.namespace]).await?;
    let (identity, recipient) = age_identity(&[])?;
    let reader = Person::new(&scene, "reader", &[READ]).await?;
    let file = reader.settled(&["keys", "backup", "--age", &recipient], b"").await?.ended(0)?.stdout;
    let backup = age_open(&identity, &file)?;
    let mut tried = 0;
    for (number, (command, roles)) in COMMANDS.into_iter().enumerate() {
        let words = if command.last() == Some(&"--age") { [command, &[&recipient]].concat() } else { command.to_vec() };
        let run = async |person: &Person| {
            if command == ["keys", "restore"] {
                let labelled = ListParams::default().labels(kubeseal::SEALING_KEY_LABEL);
                scene.keys().delete_collection(&DeleteParams::default(), &labelled).await?;
            }
            person.run(&words, &backup)
        };
        let is_refused =
            |said: &super::Said| said.stderr.contains("may not be read") || said.text().contains("Forbidden");
        let person = Person::new(&scene, &format!("person-{number}"), roles).await?;
        for (at, role) in person.roles.iter().enumerate() {
            for (right, rules) in lesser(role) {
                // Who may get every Secret needs no right to get those of one namespace.
                if roles.contains(&CHECK) && at == 0 && right == "get secrets" {
                    continue;
                }
                tried += 1;
                person.change(&scene, at, &role["rules"]).await?;
                let settled = async || run(&person).await.ok().filter(|said| !is_refused(said));
                let what = format!("{words:?} with every right");
                rig::eventually(DEADLINE, &what, settled).await?;
                person.change(&scene, at, &rules).await?;
                let refused = async || run(&person).await.ok().filter(is_refused);
                let what = format!("{words:?} missing {right}");
                let said = rig::eventually(DEADLINE, &what, refused).await?;
                // Numbers of the statuses are the one thing that is had with less.
                ensure!(said.code != 0 || said.text().contains("may not be read"), "{what}: {}", said.text());
                person.change(&scene, at, &role["rules"]).await?;
            }
        }
    }
    ensure!(tried > 15, "the page was not understood");
    Ok(())
}
