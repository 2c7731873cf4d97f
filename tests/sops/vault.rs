//! The transit engine of a real Vault.

use anyhow::Result;
use reqwest::Method;
use rig::Vault;
use serde_json::json;

use crate::folder::{Folder, PLAIN};

struct Transit {
    vault: Vault,
    key: String,
    folder: Folder,
}

async fn transit() -> Result<Transit> {
    let vault = Vault::start().await?;
    vault.mount("team/keys", &json!({ "type": "transit" })).await?;
    vault.call(Method::POST, "team/keys/keys/app", Some(&json!({}))).await?;
    let rules = r#"path "team/keys/encrypt/app" { capabilities = ["update"] }
                   path "team/keys/decrypt/app" { capabilities = ["update"] }"#;
    let token = vault.token_with_policy("app", rules).await?;
    let key = format!("{}/v1/team/keys/keys/app", vault.address());
    let folder = Folder::new(&[("VAULT_TOKEN", &token), ("VAULT_ADDR", vault.address())])?;
    Ok(Transit { vault, key, folder })
}

#[tokio::test]
async fn files_go_both_ways() -> Result<()> {
    let Transit { vault, key, mut folder } = transit().await?;
    for (writer, reader) in [(0, 1), (1, 0), (0, 0)] {
        let programs = folder.both();
        let text = folder.encrypt(programs[writer], &["--hc-vault-transit", &key], "secret.yaml").await?;
        assert!(text.contains("enc: vault:v1:"), "{text}");
        assert_eq!(folder.text(programs[reader], &["decrypt", "secret.yaml"]).await?, PLAIN);
    }
    vault.call(Method::POST, "team/keys/keys/app/rotate", Some(&json!({}))).await?;
    assert_eq!(folder.text(&folder.ours, &["decrypt", "secret.yaml"]).await?, PLAIN, "an older version of the key");
    let token = folder.variables.remove(0).1;
    folder.write("home/.vault-token", &format!("{token}\n"))?;
    assert_eq!(folder.text(&folder.ours, &["decrypt", "secret.yaml"]).await?, PLAIN, "the token of `vault login`");
    Ok(())
}

#[tokio::test]
async fn the_token_goes_to_nobody_but_the_server_of_the_user() -> Result<()> {
    let Transit { vault, key, mut folder } = transit().await?;
    folder.encrypt(&folder.ours, &["--hc-vault-transit", &key], "a.yaml").await?;
    let set = |folder: &mut Folder, name: &str, value: &str| {
        folder.variables.retain(|(known, _)| known != name);
        folder.variables.push((name.to_owned(), value.to_owned()));
    };
    set(&mut folder, "VAULT_ADDR", "https://vault.example.com:8200");
    vault.forget_requests().await?;
    for program in [&folder.ours] {
        let ended = folder.run(program, &["decrypt", "a.yaml"]).await?;
        assert_eq!(ended.code, 128, "{}", ended.stderr);
        let words = ended.words();
        assert!(words.contains("the Vault token is not sent to"), "{words}");
        assert!(words.contains("SOPS_HC_VAULT_ALLOWLIST"), "{words}");
        let ended = folder.run(program, &["encrypt", "--hc-vault-transit", &key, "plain.yaml"]).await?;
        assert_ne!(ended.code, 0, "a rule of a repository may name a server too");
    }
    assert!(vault.requests().await?.is_empty(), "the server was asked");
    let own = format!("{}/", vault.address());
    for (list, code) in [("all", 0), ("none", 128), (own.as_str(), 0), ("http://127.0.0.1", 128)] {
        set(&mut folder, "SOPS_HC_VAULT_ALLOWLIST", list);
        let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
        assert_eq!(ended.code, code, "{list}: {}", ended.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn what_vault_says_is_passed_on_and_never_the_token() -> Result<()> {
    let Transit { vault, key, mut folder } = transit().await?;
    folder.encrypt(&folder.ours, &["--hc-vault-transit", &key], "a.yaml").await?;
    for (token, words) in [("hvs.not-a-token-hunter2", "403"), ("", "there is no Vault token")] {
        folder.variables.retain(|(name, _)| name != "VAULT_TOKEN");
        folder.variables.push(("VAULT_TOKEN".to_owned(), token.to_owned()));
        let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
        assert_eq!(ended.code, 128);
        assert!(ended.stderr.contains(words) && !ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
    folder.variables.push(("VAULT_TOKEN".to_owned(), "hvs.x".to_owned()));
    folder.variables.push(("VAULT_CLIENT_TIMEOUT".to_owned(), "2".to_owned()));
    vault.process().pause()?;
    let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
    assert!(ended.stderr.contains("did not answer in time"), "{}", ended.stderr);
    vault.process().resume()
}
