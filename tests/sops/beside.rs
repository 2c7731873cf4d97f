//! Azure Key Vault and Google Cloud KMS as both programs meet them: the clients of the original are those of Microsoft and
//! Google, so what they accept and ask for is the shape that ours has to have.

use std::fs;

use anyhow::{Context as _, Result};
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::folder::{Folder, PLAIN};
use crate::shapes::shape;
use crate::web::{Seen, Web};

/// "Wraps" and opens alike: no cloud here keeps a secret, but none hands it back as it came either.
fn turned(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().map(|byte| !byte).collect()
}

fn path(request: &Seen) -> &str {
    let target = request.line.split(' ').nth(1).unwrap_or_default();
    target.split('?').next().unwrap_or_default()
}

/// The fields of a request; Google's own client says the name of the key there too, which stands in the path.
fn body(request: &Seen) -> Value {
    let mut fields: Value = serde_json::from_str(&request.body).unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("name");
    }
    fields
}

/// A body with another value in one field, in the alphabet of the service.
fn answered(request: &Seen, (from, to): (&str, &str), engine: &impl base64::Engine) -> (u16, String, String) {
    let given = body(request)[from].as_str().map(|text| engine.decode(text));
    let Some(Ok(bytes)) = given else { return (400, String::new(), "{}".to_owned()) };
    (
        200,
        String::new(),
        json!({ to: engine.encode(turned(bytes)), "kid": "https://team.vault.azure.net/keys/sops/1f" }).to_string(),
    )
}

/// Each program encrypts and each opens what either did; what they ask for is the same.
async fn both_ways(folder: &Folder, flags: &[&str], asked: impl Fn() -> Vec<(String, Value)>) -> Result<()> {
    let mut encrypting = Vec::new();
    for writer in folder.both() {
        let before = asked().len();
        folder.encrypt(writer, flags, "secret.yaml").await?;
        encrypting.push(asked().split_off(before).into_iter().map(with_length).collect::<Vec<_>>());
        let mut opening = Vec::new();
        for reader in folder.both() {
            let before = asked().len();
            assert_eq!(folder.text(reader, &["decrypt", "secret.yaml"]).await?, PLAIN);
            opening.push(asked().split_off(before));
        }
        assert_eq!(opening[0], opening[1]);
        assert_eq!(opening[0].len(), 1);
    }
    assert_eq!(encrypting[0], encrypting[1]);
    assert_eq!(encrypting[0].len(), 1);
    Ok(())
}

/// A request with the length of its data key, which is another each time.
fn with_length((path, mut body): (String, Value)) -> (String, Value) {
    for field in ["plaintext", "value"] {
        if let Some(text) = body[field].as_str() {
            body[field] = text.len().into();
        }
    }
    (path, body)
}

#[tokio::test]
async fn google_is_asked_alike() -> Result<()> {
    let web = Web::plain(|request| match path(request).rsplit(':').next() {
        Some("encrypt") => answered(request, ("plaintext", "ciphertext"), &STANDARD),
        Some("decrypt") => answered(request, ("ciphertext", "plaintext"), &STANDARD),
        _ => (404, String::new(), shape("gcp", "missing")),
    })?;
    let folder = Folder::new(&[
        ("SOPS_GCP_KMS_ENDPOINT", &web.address()),
        ("SOPS_GCP_KMS_CLIENT_TYPE", "rest"),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "gcp-token"),
    ])?;
    let key = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
    let asked = || web.seen().iter().map(|request| (path(request).to_owned(), body(request))).collect();
    both_ways(&folder, &["--gcp-kms", key], asked).await?;
    let is_shown = |request: &Seen| request.headers.iter().any(|header| header == "authorization: Bearer gcp-token");
    assert!(web.seen().iter().all(|request| is_shown(request) || path(request).contains("gone")));
    for program in folder.both() {
        let missing = key.replace("/k", "/gone");
        assert_ne!(folder.run(program, &["encrypt", "--gcp-kms", &missing, "plain.yaml"]).await?.code, 0);
    }
    Ok(())
}

#[tokio::test]
async fn azure_is_asked_alike() -> Result<()> {
    let hosts = ["team.vault.azure.net", "login.microsoftonline.com"];
    let web = Web::secure(&hosts, |request| {
        let has_token = request.headers.iter().any(|header| header == "authorization: Bearer azure-token");
        match path(request) {
            "/tenant/oauth2/v2.0/token" => (200, String::new(), shape("azure", "token")),
            path if path.contains("/discovery/") || path.contains("/.well-known/") => {
                (200, String::new(), shape("azure", "discovery"))
            }
            _ if !has_token => (401, shape("azure", "challenge"), shape("azure", "unauthorized")),
            "/keys/sops/1f/encrypt" | "/keys/sops/1f/decrypt" => {
                answered(request, ("value", "value"), &URL_SAFE_NO_PAD)
            }
            _ => (404, String::new(), shape("azure", "missing")),
        }
    })?;
    let mut folder = Folder::new(&[
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "hunter2"),
        ("HTTPS_PROXY", &format!("http://{}", web.socket())),
    ])?;
    let authority = folder.path("authority.pem");
    fs::write(&authority, web.authority())?;
    folder.variables.push(("SSL_CERT_FILE".to_owned(), authority.to_str().context("a path")?.to_owned()));
    // Neither the way to the token nor the question without one is the same; what the vault is asked with it is.
    let asked = || {
        let with_value = |request: &Seen| path(request).starts_with("/keys/") && !request.body.is_empty();
        let seen = web.seen().into_iter().filter(with_value);
        seen.map(|request| (path(&request).to_owned(), body(&request))).collect()
    };
    both_ways(&folder, &["--azure-kv", "https://team.vault.azure.net/keys/sops/1f"], asked).await?;
    for login in web.seen().iter().filter(|request| path(request).ends_with("/oauth2/v2.0/token")) {
        let parts = [
            "grant_type=client_credentials",
            "client_id=client",
            "client_secret=hunter2",
            "vault.azure.net%2F.default",
        ];
        assert!(parts.iter().all(|part| login.body.contains(part)), "{}", login.body);
    }
    Ok(())
}
