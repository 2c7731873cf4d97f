//! AWS KMS by moto, which holds to the encryption context.

use anyhow::{Context as _, Result};
use rig::Moto;
use serde_json::json;

use crate::folder::{Folder, PLAIN};
use crate::web::Web;

struct Kms {
    moto: Moto,
    arn: String,
    folder: Folder,
}

async fn kms() -> Result<Kms> {
    let moto = Moto::start().await?;
    let made = moto.call("kms", "CreateKey", &json!({})).await?;
    let arn = made["KeyMetadata"]["Arn"].as_str().context("no ARN")?.to_owned();
    let folder = Folder::new(&[
        ("AWS_ACCESS_KEY_ID", "rig"),
        ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
        ("AWS_ENDPOINT_URL", moto.address()),
    ])?;
    Ok(Kms { moto, arn, folder })
}

#[tokio::test]
async fn files_go_both_ways_with_every_part_of_a_kms_key() -> Result<()> {
    let Kms { moto: _moto, arn, folder } = kms().await?;
    let with_role = format!("{arn}+arn:aws:iam::123456789012:role/deploy");
    for flags in [
        ["--kms", &arn].as_slice(),
        &["--kms", &arn, "--encryption-context", "App:web,Env:prod"],
        &["--kms", &with_role, "--encryption-context", "App:web"],
    ] {
        for (writer, reader) in [(0, 1), (1, 0), (0, 0)] {
            let programs = folder.both();
            folder.encrypt(programs[writer], flags, "secret.yaml").await?;
            let decrypted = folder.text(programs[reader], &["decrypt", "secret.yaml"]).await?;
            assert_eq!(decrypted, PLAIN, "{flags:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn another_encryption_context_opens_nothing() -> Result<()> {
    let Kms { moto: _moto, arn, folder } = kms().await?;
    let text = folder.encrypt(&folder.ours, &["--kms", &arn, "--encryption-context", "Env:prod"], "a.yaml").await?;
    folder.write("a.yaml", &text.replace("Env: prod", "Env: test"))?;
    for program in folder.both() {
        let ended = folder.run(program, &["decrypt", "a.yaml"]).await?;
        assert_eq!(ended.code, 128, "{}", ended.stderr);
    }
    let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
    assert!(ended.stderr.contains("InvalidCiphertext"), "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
async fn profiles_have_their_own_credentials() -> Result<()> {
    let Kms { moto: _moto, arn, mut folder } = kms().await?;
    folder.write("home/.aws/config", "[profile other]\nregion = eu-west-1\n")?;
    folder
        .write("home/.aws/credentials", "[other]\naws_access_key_id = other\naws_secret_access_key = not-a-secret\n")?;
    folder.variables.retain(|(name, _)| !name.contains("ACCESS_KEY"));
    let flags = ["--kms", &arn, "--aws-profile", "other"];
    let text = folder.encrypt(&folder.ours, &flags, "a.yaml").await?;
    assert!(text.contains("aws_profile: other"), "{text}");
    for program in folder.both() {
        assert_eq!(folder.text(program, &["decrypt", "a.yaml"]).await?, PLAIN);
    }
    folder.write("home/.aws/credentials", "")?;
    let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
    assert_eq!(ended.code, 128);
    assert!(ended.stderr.contains("no credentials for AWS were found"), "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up() -> Result<()> {
    let Kms { moto, arn, folder } = kms().await?;
    folder.encrypt(&folder.ours, &["--kms", &arn], "a.yaml").await?;
    moto.process().pause()?;
    let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
    assert_eq!(ended.code, 128);
    assert!(ended.stderr.contains("did not answer in time"), "{}", ended.stderr);
    moto.process().resume()
}

#[tokio::test]
async fn keys_that_are_none_are_said_so_and_nobody_is_asked() -> Result<()> {
    let Kms { moto: _moto, arn, folder } = kms().await?;
    let text = folder.encrypt(&folder.ours, &["--kms", &arn], "a.yaml").await?;
    let hostile = arn.replace("us-east-1", "evil.example/#");
    folder.write("a.yaml", &text.replace(&arn, &hostile))?;
    let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
    assert_eq!(ended.code, 128);
    assert!(ended.stderr.contains("no region of AWS"), "{}", ended.stderr);
    let missing = arn.replace(['a', 'b'], "c");
    let ended = folder.run(&folder.ours, &["encrypt", "--kms", &missing, "plain.yaml"]).await?;
    assert_ne!(ended.code, 0);
    Ok(())
}

#[tokio::test]
async fn a_context_that_sops_before_3_3_0_mixed_up_is_found_and_mended() -> Result<()> {
    let Kms { moto: _moto, arn, mut folder } = kms().await?;
    let flags = ["--kms", &arn, "--encryption-context", "App:web,Env:web"];
    let text = folder.encrypt(&folder.ours, &flags, "old.yaml").await?;
    // As 3.2.0 wrote it: the context that was meant in the file, one value for all names at AWS.
    let ours = folder.ours.clone();
    let version = text.lines().find(|line| line.trim_start().starts_with("version:")).context("no version")?;
    let old = text.replace("Env: web", "Env: prod").replace(version.trim_start(), "version: 3.2.0");
    folder.write("old.yaml", &old)?;
    let ended = folder.run(&ours, &["decrypt", "old.yaml"]).await?;
    assert_eq!((ended.code, ended.stdout.as_str()), (0, PLAIN), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("warning: a key of AWS KMS") && ended.stderr.contains("rotate -i"),
        "{}",
        ended.stderr
    );
    assert!(folder.text(&folder.original, &["decrypt", "old.yaml"]).await?.ends_with(PLAIN));
    // A change keeps the version: without it nobody would look for the other context.
    folder.variables.push(("EDITOR".to_owned(), "sed -i s/5432/5433/".to_owned()));
    folder.variables.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
    folder.text(&ours, &["edit", "old.yaml"]).await?;
    assert!(folder.read("old.yaml")?.contains("version: 3.2.0"));
    assert!(folder.text(&ours, &["decrypt", "old.yaml"]).await?.ends_with("port: 5433\n"));
    folder.text(&ours, &["rotate", "-i", "old.yaml"]).await?;
    let mended = folder.read("old.yaml")?;
    assert!(mended.contains("App: web") && mended.contains("Env: prod"), "{mended}");
    let ended = folder.run(&ours, &["decrypt", "old.yaml"]).await?;
    assert!(ended.code == 0 && !ended.stderr.contains("warning"), "{}", ended.stderr);
    // Of newer files the context is what it says.
    folder.write("new.yaml", &text.replace("Env: web", "Env: prod"))?;
    assert_eq!(folder.run(&ours, &["decrypt", "new.yaml"]).await?.code, 128);
    Ok(())
}

#[tokio::test]
async fn a_role_that_a_file_names_is_asked_for_and_nothing_is_done_without_it() -> Result<()> {
    let Kms { moto: _moto, arn, mut folder } = kms().await?;
    let own = "arn:aws:iam::123456789012:role/own";
    let role = "arn:aws:iam::999999999999:role/of-a-stranger";
    let text = folder.encrypt(&folder.ours, &["--kms", &format!("{arn}+{own}")], "a.yaml").await?;
    folder.write("a.yaml", &text.replace(own, role))?;
    let denied = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized to \
                  perform: sts:AssumeRole</Message></Error></ErrorResponse>";
    let stranger = Web::plain(move |_| (403, String::new(), denied.to_owned()))?;
    folder.variables.retain(|(name, _)| name != "AWS_ENDPOINT_URL");
    folder.variables.push(("AWS_ENDPOINT_URL".to_owned(), stranger.address()));
    let ended = folder.run(&folder.ours, &["decrypt", "a.yaml"]).await?;
    assert_eq!(ended.code, 128);
    let said = ended.words();
    assert!(said.contains(&format!("the role {role} could not be assumed")) && said.contains("AccessDenied"), "{said}");
    assert!(!said.contains("not-a-secret"), "{said}");
    let seen = stranger.seen();
    assert!(!seen.is_empty() && seen.iter().all(|asked| asked.body.contains("Action=AssumeRole")), "{seen:?}");
    assert!(seen.iter().all(|asked| !format!("{asked:?}").contains("not-a-secret")), "the secret key is shown");
    Ok(())
}
