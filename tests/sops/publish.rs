//! `publish`: what it puts into S3, Google Cloud Storage and Vault, beside the original.

use age::secrecy::ExposeSecret as _;
use anyhow::Result;
use regex::Regex;
use reqwest::Method;
use rig::{Moto, Vault};
use serde_json::{Value, json};

use crate::folder::{Folder, PLAIN};
use crate::web::Web;

/// A folder with a file that its own key opens.
async fn published(variables: &[(&str, &str)]) -> Result<(Folder, String)> {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let mut folder = Folder::new(variables)?;
    folder.variables.push(("SOPS_AGE_KEY".to_owned(), identity.to_string().expose_secret().to_owned()));
    folder.encrypt(&folder.ours, &["--age", &recipient], "prod/db.enc.yaml").await?;
    Ok((folder, recipient))
}

/// An S3 with an empty bucket.
async fn bucket() -> Result<(Moto, Vec<(&'static str, String)>)> {
    let moto = Moto::start().await?;
    moto.s3(Method::PUT, "bucket").await?;
    let variables = vec![
        ("AWS_ACCESS_KEY_ID", "rig".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "not-a-secret".to_owned()),
        ("AWS_REGION", Moto::REGION.to_owned()),
        ("AWS_ENDPOINT_URL", moto.address().to_owned()),
    ];
    Ok((moto, variables))
}

/// An encrypted file without what differs each time it is encrypted.
fn masked(text: &str) -> Result<String> {
    let random = Regex::new(r"(?s)data:[^\]]*,type|-----BEGIN AGE.*?END AGE|lastmodified: \S+")?;
    Ok(random.replace_all(text, "…").into_owned())
}

#[tokio::test]
async fn s3_gets_the_file_as_it_is() -> Result<()> {
    let (moto, variables) = bucket().await?;
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (folder, _) = published(&variables).await?;
    folder.write(".sops.yaml", "destination_rules:\n  - s3_bucket: bucket\n    s3_prefix: as is/\n")?;
    folder.write("prod/eu/db.yaml", &folder.read("prod/db.enc.yaml")?)?;
    for program in folder.both() {
        folder.text(program, &["publish", "--yes", "--recursive", "prod"]).await?;
        for name in ["db.enc.yaml", "eu/db.yaml"] {
            let key = format!("bucket/as is/{name}");
            assert_eq!(moto.s3(Method::GET, &key).await?, folder.read("prod/db.enc.yaml")?, "{}", program.display());
            moto.s3(Method::DELETE, &key).await?;
        }
        assert!(!moto.s3(Method::GET, "bucket").await?.contains("<Key>"), "an object with another name");
    }
    folder.write(".sops.yaml", "destination_rules:\n  - s3_bucket: nobodys\n")?;
    let ended = folder.run(&folder.ours, &["publish", "--yes", "prod/db.enc.yaml"]).await?;
    assert!(ended.code == 1 && ended.stderr.contains("AWS S3: 404 NoSuchBucket"), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("db.enc.yaml").count(), 1, "the file is named once: {}", ended.stderr);
    Ok(())
}

#[tokio::test]
async fn s3_gets_the_file_for_the_keys_of_the_recreation_rule() -> Result<()> {
    let (moto, variables) = bucket().await?;
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (mut folder, recipient) = published(&variables).await?;
    let plain = "# for all\npassword: correct-horse # not inline\nport: 5432\nlist:\n    # first\n    - 1\n    - 2.5\n";
    folder.write("plain.yaml", plain)?;
    folder.encrypt(&folder.ours, &["--age", &recipient], "prod/db.enc.yaml").await?;
    let clear = folder.text(&folder.original, &["decrypt", "prod/db.enc.yaml"]).await?;
    let other = age::x25519::Identity::generate();
    let rule = |selector: &str| {
        format!(
            "destination_rules:\n  - path_regex: ^prod/\n    s3_bucket: bucket\n    omit_extensions: true\n    \
             recreation_rule:\n      age: {}\n      {selector}\n",
            other.to_public()
        )
    };
    folder.write(".sops.yaml", &rule("encrypted_suffix: word"))?;
    let mut objects = Vec::new();
    for program in folder.both() {
        folder.text(program, &["publish", "-y", "prod/db.enc.yaml"]).await?;
        objects.push(moto.s3(Method::GET, "bucket/db.enc").await?);
        moto.s3(Method::DELETE, "bucket/db.enc").await?;
    }
    let [ours, theirs] = &objects[..] else { panic!("{} objects", objects.len()) };
    assert_eq!(masked(ours)?, masked(theirs)?);
    assert!(ours.contains(&other.to_public().to_string()) && ours.contains("port: 5432"), "{ours}");
    folder.write(".sops.yaml", &rule("encrypted_regex: ^pass"))?;
    folder.text(&folder.ours, &["publish", "-y", "--recursive", "."]).await.unwrap_err();
    folder.text(&folder.ours, &["publish", "-y", "--recursive", "prod"]).await?;
    let selected = moto.s3(Method::GET, "bucket/db.enc").await?;
    assert!(selected.contains("port: 5432") && selected.contains("encrypted_regex: ^pass"), "{selected}");
    assert!(!selected.contains("correct-horse"), "{selected}");
    folder.variables.retain(|(name, _)| name != "SOPS_AGE_KEY");
    folder.variables.push(("SOPS_AGE_KEY".to_owned(), other.to_string().expose_secret().to_owned()));
    for object in [ours, theirs, &selected] {
        folder.write("again.yaml", object)?;
        for program in folder.both() {
            assert_eq!(folder.text(program, &["decrypt", "again.yaml"]).await?, clear);
        }
    }
    Ok(())
}

#[tokio::test]
async fn vault_gets_the_values() -> Result<()> {
    let vault = Vault::start().await?;
    vault.mount_kv2("secret").await?;
    vault.mount("old", &json!({ "type": "kv", "options": { "version": "1" } })).await?;
    let (mut folder, recipient) =
        published(&[("VAULT_ADDR", vault.address()), ("VAULT_TOKEN", vault.root_token())]).await?;
    folder.write("plain.yaml", "text: a\nnumber: 7\nyes: true\nlist: [1, x]\nnested: {a: {b: 1.5}}\n# words\n")?;
    folder.encrypt(&folder.ours, &["--age", &recipient], "prod/db.enc.yaml").await?;
    let expected = json!({
        "text": "a", "number": 7, "yes": true, "list": [1, "x"], "nested": { "a": { "b": 1.5 } }
    });
    folder.write(
        ".sops.yaml",
        "destination_rules:\n  - path_regex: one\n    vault_path: apps\n    vault_kv_mount_name: old/\n    \
         vault_kv_version: 1\n  - vault_path: apps/shop/\n",
    )?;
    folder.write("prod/one.yaml", &folder.read("prod/db.enc.yaml")?)?;
    let versions = async || -> Result<Value> {
        Ok(vault.call(Method::GET, "secret/data/apps/shop/db.enc.yaml", None).await?["data"].clone())
    };
    for (program, version) in folder.both().into_iter().zip([1, 2]) {
        folder.text(program, &["publish", "--yes", "prod/db.enc.yaml"]).await?;
        let data = versions().await?;
        assert_eq!(data["data"], expected);
        // Ours came first; the original takes every number for a change.
        assert_eq!(data["metadata"]["version"], version, "{}", program.display());
        folder.text(program, &["publish", "--yes", "prod/one.yaml"]).await?;
        assert_eq!(vault.call(Method::GET, "old/apps/one.yaml", None).await?["data"], expected);
    }
    folder.variables.retain(|(name, _)| name != "VAULT_ADDR");
    let rule = format!("destination_rules:\n  - vault_path: apps\n    vault_address: {}\n", vault.address());
    folder.write(".sops.yaml", &rule)?;
    vault.forget_requests().await?;
    let ended = folder.run(&folder.ours, &["publish", "--yes", "prod/db.enc.yaml"]).await?;
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("the Vault token is not sent to"), "{}", ended.stderr);
    assert!(vault.requests().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn google_cloud_storage_gets_the_file() -> Result<()> {
    let web = Web::plain(|_| (200, String::new(), "{}".to_owned()))?;
    let (folder, _) = published(&[("STORAGE_EMULATOR_HOST", &web.address())]).await?;
    folder.write(".sops.yaml", "destination_rules:\n  - gcs_bucket: bucket\n    gcs_prefix: p/\n")?;
    folder.text(&folder.ours, &["publish", "--yes", "prod/db.enc.yaml"]).await?;
    let seen = web.seen();
    let [upload] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!(upload.line, "POST /upload/storage/v1/b/bucket/o?uploadType=media&name=p%2Fdb.enc.yaml HTTP/1.1");
    assert_eq!(upload.body, folder.read("prod/db.enc.yaml")?);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_published_is_said_so_and_nothing_leaves() -> Result<()> {
    let web = Web::plain(|_| (403, String::new(), r#"{"error": {"message": "no"}}"#.to_owned()))?;
    let (folder, _) = published(&[("STORAGE_EMULATOR_HOST", &web.address())]).await?;
    let publish = async |words: &[&str]| folder.run(&folder.ours, &[&["publish"], words].concat()).await;
    assert_eq!(publish(&[]).await?.code, 100);
    assert!(publish(&["prod/db.enc.yaml", "-y"]).await?.stderr.contains(".sops.yaml"));
    folder.write(".sops.yaml", "destination_rules:\n  - gcs_bucket: bucket\n    path_regex: prod\n")?;
    for (words, code) in [
        (["-y", "plain.yaml"].as_slice(), 1),
        (&["-y", "prod"], 1),
        (&["-y", "missing.yaml"], 1),
        // Without anybody to ask, the answer is no.
        (&["prod/db.enc.yaml"], 1),
    ] {
        let ended = publish(words).await?;
        assert_eq!(ended.code, code, "{words:?}: {}", ended.stderr);
    }
    folder.write("prod/plain.yaml", PLAIN)?;
    assert!(publish(&["-y", "prod/plain.yaml"]).await?.stderr.contains("not encrypted"));
    assert!(web.seen().is_empty());
    let refused = publish(&["-y", "prod/db.enc.yaml"]).await?;
    assert!(refused.code == 1 && refused.stderr.contains("Google Cloud Storage: 403 no"), "{}", refused.stderr);
    assert_eq!(refused.stderr.matches("db.enc.yaml").count(), 1, "the file is named once: {}", refused.stderr);
    let missing = publish(&["-y", "missing.yaml"]).await?;
    assert_eq!(missing.stderr.matches("missing.yaml").count(), 1, "the file is named once: {}", missing.stderr);
    Ok(())
}
