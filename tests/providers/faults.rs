//! Servers that do what Vault would not: each ends as an error that says what happened in our words and not in theirs.

use anyhow::{Result, ensure};
use crds::SecretStoreSpec;
use rig::Vault;
use serde_json::json;
use strongroom::provider::ProviderError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::conformance::{Secrets, connect_with, failure, key};

/// Answers every connection with these bytes.
async fn server(answer: Vec<u8>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if connection.read(&mut request).await.is_ok() {
                // Who has seen enough hangs up before the end.
                drop(connection.write_all(&answer).await);
            }
        }
    });
    Ok(format!("http://{address}"))
}

fn spec(server: &str) -> Result<SecretStoreSpec> {
    let auth = json!({"tokenSecretRef": {"name": "store", "key": "token"}});
    Ok(serde_json::from_value(json!({"provider": {"vault": {"server": server, "path": "apps", "auth": auth}}}))?)
}

async fn outcome(answer: Vec<u8>) -> Result<ProviderError> {
    let store = connect_with(&spec(&server(answer).await?)?, Secrets(vec![("token", "t".into())]), None).await?;
    failure(&store, &key("db", None)).await
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

#[tokio::test]
async fn what_a_server_says_about_an_error_goes_no_further() -> Result<()> {
    for status in [
        "400 Bad Request",
        "403 Forbidden",
        "404 Not Found",
        "418 Teapot",
        "429 Slow",
        "500 Error",
        "503 Sealed",
        "200 OK",
    ] {
        let error = outcome(http(status, "", r#"{"errors":["the word is hunter2"]}"#)).await?;
        let printed = format!("{error} {error:?} {:?}", error.clone().into_failure("read"));
        ensure!(!printed.contains("hunter2"), "{printed}");
        let expected = match &status[..3] {
            "403" => error == ProviderError::Denied,
            "404" => error == ProviderError::NotFound,
            "429" => matches!(error, ProviderError::Throttled { .. }),
            "500" | "503" => matches!(error, ProviderError::Unavailable { .. }),
            _ => matches!(error, ProviderError::Unexpected { .. }),
        };
        ensure!(expected, "{status}: {error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_not_followed() -> Result<()> {
    let elsewhere = server(http("200 OK", "", r#"{"data":{"data":{"a":"b"},"metadata":{}}}"#)).await?;
    let error =
        outcome(http("307 Temporary Redirect", &format!("Location: {elsewhere}/v1/apps/data/db\r\n"), "")).await?;
    ensure!(matches!(error, ProviderError::Unexpected { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn an_answer_without_end_is_cut() -> Result<()> {
    let mut endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    endless.resize(16 << 20, b' ');
    let error = outcome(endless).await?;
    ensure!(error == ProviderError::Unexpected { cause: "it is too large" }, "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_bomb_of_brackets_is_no_secret() -> Result<()> {
    let bomb =
        format!(r#"{{"data":{{"data":{{"a":{}1{}}},"metadata":{{}}}}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let error = outcome(http("200 OK", "", &bomb)).await?;
    ensure!(matches!(error, ProviderError::Unexpected { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_store_that_hangs_is_given_up() -> Result<()> {
    let vault = Vault::start().await?;
    let store =
        connect_with(&spec(vault.address())?, Secrets(vec![("token", vault.root_token().into())]), None).await?;
    vault.process().pause()?;
    let error = failure(&store, &key("db", None)).await?;
    vault.process().resume()?;
    ensure!(error == ProviderError::Unavailable { cause: "it did not answer in time" }, "{error:?}");
    Ok(())
}
