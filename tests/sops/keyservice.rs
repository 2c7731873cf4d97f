//! The key service: our client with the original's server, and the other way round.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::slice;
use std::time::Duration;

use age::secrecy::ExposeSecret as _;
use anyhow::{Context as _, Result};
use rig::{Moto, Process, eventually};
use serde_json::json;

use crate::folder::{Folder, PLAIN};

const PATIENCE: Duration = Duration::from_mins(1);

/// A folder of somebody without keys, and the variables of somebody with one.
fn folder() -> Result<(Folder, String, (String, String))> {
    let identity = age::x25519::Identity::generate();
    let secret = ("SOPS_AGE_KEY".to_owned(), identity.to_string().expose_secret().to_owned());
    Ok((Folder::new(&[])?, identity.to_public().to_string(), secret))
}

/// A server on a socket of the folder.
async fn serving(folder: &Folder, program: &Path, own: &[(String, String)], socket: &str) -> Result<Process> {
    let path = folder.path(socket);
    let address = path.to_str().context("a path")?;
    let mut command = folder.command(program, &["keyservice", "--network", "unix", "--address", address, "--verbose"]);
    command.envs(own.iter().cloned());
    let process = Process::spawn(&command)?;
    eventually(PATIENCE, "the key service listening", async || path.exists().then_some(())).await?;
    Ok(process)
}

fn remote(folder: &Folder, socket: &str) -> String {
    format!("unix://{}", folder.path(socket).display())
}

#[tokio::test]
async fn each_serves_the_other_and_itself() -> Result<()> {
    let (folder, recipient, secret) = folder()?;
    for (name, server) in [("ours.sock", &folder.ours), ("theirs.sock", &folder.original)] {
        let process = serving(&folder, server, slice::from_ref(&secret), name).await?;
        let uri = remote(&folder, name);
        let through = ["--enable-local-keyservice=false", "--keyservice", uri.as_str()];
        for client in folder.both() {
            let flags = [&through[..], &["--age", &recipient]].concat();
            folder.encrypt(client, &flags, "secret.yaml").await?;
            let words = [&["decrypt"], &through[..], &["secret.yaml"]].concat();
            assert_eq!(folder.text(client, &words).await?, PLAIN, "{name}");
            // Locally there is no key; the service is asked second.
            let words = ["decrypt", "--keyservice", &uri, "secret.yaml"];
            assert_eq!(folder.text(client, &words).await?, PLAIN, "{name}");
        }
        if server == &folder.ours {
            assert_eq!(fs::metadata(folder.path(name))?.permissions().mode() & 0o777, 0o600);
        }
        process.terminate()?;
        let status = process.wait(PATIENCE).await?;
        if server == &folder.ours {
            assert_eq!(status.code(), Some(0));
            let told = process.stderr()?;
            assert!(told.contains("decrypted with the age key") && !told.contains("AGE-SECRET"), "{told}");
            assert!(!folder.path(name).exists(), "the socket is left");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_part_of_a_kms_key_crosses_the_wire() -> Result<()> {
    let (moto, folder) = (Moto::start().await?, Folder::new(&[])?);
    let made = moto.call("kms", "CreateKey", &json!({})).await?;
    let key =
        format!("{}+arn:aws:iam::123456789012:role/deploy", made["KeyMetadata"]["Arn"].as_str().context("an ARN")?);
    let own =
        [("AWS_ACCESS_KEY_ID", "rig"), ("AWS_SECRET_ACCESS_KEY", "not-a-secret"), ("AWS_ENDPOINT_URL", moto.address())];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, server) in [("ours.sock", &folder.ours), ("theirs.sock", &folder.original)] {
        let _process = serving(&folder, server, &own, name).await?;
        let uri = remote(&folder, name);
        let through = ["--enable-local-keyservice=false", "--keyservice", uri.as_str()];
        for client in folder.both() {
            let flags = [&through[..], &["--kms", &key, "--encryption-context", "App:web,Env:prod"]].concat();
            let text = folder.encrypt(client, &flags, "secret.yaml").await?;
            let words = [&["decrypt"], &through[..], &["secret.yaml"]].concat();
            assert_eq!(folder.text(client, &words).await?, PLAIN, "{name}");
            folder.write("secret.yaml", &text.replace("Env: prod", "Env: test"))?;
            assert_eq!(folder.run(client, &words).await?.code, 128, "{name}: the context does not count");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_key_that_the_service_lacks_is_said_in_its_own_words() -> Result<()> {
    let (folder, recipient, secret) = folder()?;
    let other = ("SOPS_AGE_KEY".to_owned(), age::x25519::Identity::generate().to_string().expose_secret().to_owned());
    folder.encrypt(&folder.ours, &["--age", &recipient], "secret.yaml").await?;
    for (name, server) in [("ours.sock", &folder.ours), ("theirs.sock", &folder.original)] {
        let _process = serving(&folder, server, slice::from_ref(&other), name).await?;
        let uri = remote(&folder, name);
        for client in folder.both() {
            let words = ["decrypt", "--enable-local-keyservice=false", "--keyservice", &uri, "secret.yaml"];
            let ended = folder.run(client, &words).await?;
            assert_eq!(ended.code, 128, "{}", ended.stderr);
            assert!(!ended.stderr.contains(&secret.1), "{}", ended.stderr);
        }
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_done_before_the_user_agrees() -> Result<()> {
    let (folder, recipient, secret) = folder()?;
    let [port] = [TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()];
    let address = format!("127.0.0.1:{port}");
    let mut command = folder.command(&folder.ours, &["keyservice", "--prompt", "--addr", &address]);
    command.env(&secret.0, &secret.1).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut server = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
    let mut terminal = server.stdin.take().context("no terminal")?;
    eventually(PATIENCE, "the key service listening", async || tokio::net::TcpStream::connect(&address).await.ok())
        .await?;
    folder.encrypt(&folder.ours, &["--age", &recipient], "secret.yaml").await?;
    let uri = format!("tcp://{address}");
    for (answer, client, code) in
        [("y\n", &folder.ours, 0), ("what\nn\n", &folder.ours, 128), ("n\n", &folder.original, 128)]
    {
        tokio::io::AsyncWriteExt::write_all(&mut terminal, answer.as_bytes()).await?;
        let words = ["decrypt", "--enable-local-keyservice=false", "--keyservice", &uri, "secret.yaml"];
        let ended = folder.run(client, &words).await?;
        assert_eq!(ended.code, code, "{}", ended.stderr);
    }
    // Nobody is left to ask.
    drop(terminal);
    let words = ["decrypt", "--enable-local-keyservice=false", "--keyservice", &uri, "secret.yaml"];
    assert_eq!(folder.run(&folder.ours, &words).await?.code, 128);
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_none_or_not_there_is_given_up() -> Result<()> {
    let (folder, recipient, _) = folder()?;
    folder.encrypt(&folder.ours, &["--age", &recipient], "secret.yaml").await?;
    let gone = remote(&folder, "gone.sock");
    for (uri, code, words) in [
        (gone.as_str(), 128, "no connection can be made"),
        ("tcp://127.0.0.1:1", 128, "no connection can be made"),
        ("http://127.0.0.1:1", 1, "is not tcp://HOST:PORT"),
        ("nonsense", 1, "is not tcp://HOST:PORT"),
    ] {
        let flags = ["decrypt", "--enable-local-keyservice=false", "--keyservice", uri, "secret.yaml"];
        let ended = folder.run(&folder.ours, &flags).await?;
        assert_eq!(ended.code, code, "{uri}: {}", ended.stderr);
        assert!(ended.words().contains(words), "{uri}: {}", ended.stderr);
    }
    // Something that answers, but not with this protocol.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let uri = format!("tcp://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        while let Ok((mut connection, _)) = listener.accept() {
            let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let ended = folder
        .run(&folder.ours, &["decrypt", "--enable-local-keyservice=false", "--keyservice", &uri, "secret.yaml"])
        .await?;
    assert_eq!(ended.code, 128, "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up_and_the_file_stays() -> Result<()> {
    let (mut folder, recipient, secret) = folder()?;
    let encrypted = folder.encrypt(&folder.ours, &["--age", &recipient], "secret.yaml").await?;
    folder.variables.push(("SOPS_KEYSERVICE_TIMEOUT".to_owned(), "1".to_owned()));
    // One of another make that is stopped in the middle, and one that takes connections and says nothing.
    let process = serving(&folder, &folder.original, slice::from_ref(&secret), "paused.sock").await?;
    process.pause()?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    for uri in [remote(&folder, "paused.sock"), format!("tcp://{}", silent.local_addr()?)] {
        let through = ["--enable-local-keyservice=false", "--keyservice", uri.as_str()];
        for (words, code) in [
            ([&["decrypt"], &through[..], &["-i", "secret.yaml"]].concat(), 128),
            ([&["set"], &through[..], &["secret.yaml", r#"["port"]"#, "1"]].concat(), 128),
            ([&["encrypt"], &through[..], &["--age", &recipient, "-i", "plain.yaml"]].concat(), 1),
        ] {
            let ended = folder.run(&folder.ours, &words).await?;
            assert_eq!(ended.code, code, "{words:?}: {}", ended.stderr);
            assert!(ended.words().contains("it did not answer in time"), "{words:?}: {}", ended.stderr);
        }
    }
    assert_eq!(folder.read("secret.yaml")?, encrypted);
    assert_eq!(folder.read("plain.yaml")?, PLAIN);
    process.resume()?;
    folder.variables.push(("SOPS_KEYSERVICE_TIMEOUT".to_owned(), "soon".to_owned()));
    let ended = folder.run(&folder.ours, &["decrypt", "--keyservice", "tcp://127.0.0.1:1", "secret.yaml"]).await?;
    assert!(ended.code == 1 && ended.stderr.contains("SOPS_KEYSERVICE_TIMEOUT"), "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
async fn addresses_that_cannot_be_listened_on_are_said_so() -> Result<()> {
    let (folder, _, _) = folder()?;
    folder.write("taken.sock", "")?;
    for words in [
        ["keyservice", "--network", "unix", "--address", "taken.sock"].as_slice(),
        &["keyservice", "--network", "carrier-pigeon"],
        &["keyservice", "--address", "nowhere"],
    ] {
        let ended = folder.run(&folder.ours, words).await?;
        assert_eq!(ended.code, 1, "{words:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("error: "), "{}", ended.stderr);
    }
    Ok(())
}
