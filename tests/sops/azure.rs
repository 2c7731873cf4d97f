//! Azure Key Vault, by the shapes of its reference.

use anyhow::Result;
use serde_json::{Value, json};
use sops::master_key::AzureKey;
use sops::master_key::azure_key_vault::AzureKeyVault;
use sops::remote::azure::{AzureCredentials, AzureTokens};
use sops::remote::{Http, HttpSettings};
use sops::{KeyError, KeyId, KeyService as _};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::folder::Folder;
use crate::shapes::{DATA_KEY, clock, shape};
use crate::web::{Seen, Web};

const VAULT: &str = "team.vault.azure.net";
const LOGIN: &str = "login.microsoftonline.com";
const OTHER: &str = "vault.evil.example";

fn answer(request: &Seen) -> (u16, String, String) {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let has_token = request.headers.iter().any(|header| header == "authorization: Bearer azure-token");
    let name = match path {
        "/tenant/oauth2/v2.0/token" if request.body.contains("hunter2") => {
            return (401, String::new(), shape("azure", "wrong_secret"));
        }
        "/tenant/oauth2/v2.0/token" => "token",
        _ if !has_token => return (401, shape("azure", "challenge"), shape("azure", "unauthorized")),
        _ if path.starts_with("/keys/forbidden/") => return (403, String::new(), shape("azure", "forbidden")),
        _ if path.starts_with("/keys/gone/") => return (404, String::new(), shape("azure", "missing")),
        _ if path.starts_with("/keys/busy/") => return (429, String::new(), shape("azure", "throttled")),
        "/keys/sops?api-version=7.4" => "key",
        "/keys/sops/1f/encrypt?api-version=7.4" => "encrypted",
        "/keys/sops/1f/decrypt?api-version=7.4" => "decrypted",
        _ => return (404, String::new(), "{}".to_owned()),
    };
    (200, String::new(), shape("azure", name))
}

fn vault(credentials: AzureCredentials) -> Result<(Web, AzureKeyVault)> {
    let web = Web::secure(&[VAULT, LOGIN, OTHER], answer)?;
    let http = Http::new(&HttpSettings {
        authorities: vec![Zeroizing::new(web.authority().as_bytes().to_vec())],
        resolve: [VAULT, LOGIN, OTHER].map(|host| (host.to_owned(), web.socket())).into(),
        ..HttpSettings::default()
    })?;
    let authority = format!("https://{LOGIN}:{}", web.socket().port());
    let tokens = AzureTokens::new(http.clone(), clock, (&authority, credentials))?;
    Ok((web, AzureKeyVault::new(http, tokens)))
}

fn by_secret() -> AzureCredentials {
    with_secret("not & secret")
}

fn with_secret(secret: &str) -> AzureCredentials {
    AzureCredentials::ClientSecret {
        tenant: "tenant".to_owned(),
        client: "client".to_owned(),
        secret: Zeroizing::new(secret.to_owned()),
    }
}

fn key(web: &Web, host: &str, name: &str, version: &str) -> AzureKey {
    let vault_url = format!("https://{host}:{}", web.socket().port());
    AzureKey { vault_url, name: name.to_owned(), version: version.to_owned() }
}

#[tokio::test]
async fn data_keys_are_wrapped_and_opened_with_one_login() -> Result<()> {
    let (web, vault) = vault(by_secret())?;
    let id = KeyId::AzureKeyVault(key(&web, VAULT, "sops", "1f"));
    assert_eq!(vault.wrap(&id, &DATA_KEY).await?, "QmFzZTY0LXVybF9jaXBoZXI");
    assert_eq!(*vault.unwrap(&id, "QmFzZTY0LXVybF9jaXBoZXI").await?, DATA_KEY);
    let seen = web.seen();
    let [asked, login, encrypt, decrypt] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert!(asked.body.is_empty(), "nothing is shown before the vault has said what it is");
    assert_eq!(
        login.body,
        "grant_type=client_credentials&client_id=client&scope=https%3A%2F%2Fvault.azure.net%2F.default&\
         client_secret=not+%26+secret"
    );
    let body = |request: &Seen| serde_json::from_str::<Value>(&request.body).unwrap();
    let plain = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    assert_eq!(body(encrypt), json!({ "alg": "RSA-OAEP-256", "value": plain }));
    assert_eq!(body(decrypt), json!({ "alg": "RSA-OAEP-256", "value": "QmFzZTY0LXVybF9jaXBoZXI" }));
    Ok(())
}

#[tokio::test]
async fn a_missing_version_is_looked_up() -> Result<()> {
    let (web, vault) = vault(by_secret())?;
    let found = vault.with_version(&key(&web, VAULT, "sops", "")).await?;
    assert_eq!(found.version, "78deebed173b48e48f55abf87ed4cf71");
    let asked = web.seen().len();
    assert_eq!(vault.with_version(&found).await?.version, found.version);
    assert_eq!(web.seen().len(), asked, "a version that is there is kept");
    Ok(())
}

#[tokio::test]
async fn a_workload_shows_the_token_of_its_platform() -> Result<()> {
    let file = NamedTempFile::new()?;
    std::fs::write(file.path(), "platform-token\n")?;
    let (tenant, client) = ("tenant".to_owned(), "client".to_owned());
    let (web, vault) = vault(AzureCredentials::Workload { tenant, client, file: file.path().to_owned() })?;
    vault.wrap(&KeyId::AzureKeyVault(key(&web, VAULT, "sops", "1f")), &DATA_KEY).await?;
    let login = &web.seen()[1].body;
    assert!(login.contains("client_assertion=platform-token") && login.contains("jwt-bearer"), "{login}");
    Ok(())
}

#[tokio::test]
async fn a_host_that_is_no_vault_gets_no_token() -> Result<()> {
    let (web, vault) = vault(by_secret())?;
    let id = KeyId::AzureKeyVault(key(&web, OTHER, "sops", "1f"));
    let Err(KeyError::Refused(words)) = vault.unwrap(&id, "QUJD").await else { panic!("not refused") };
    assert!(words.contains("which is not its own"), "{words}");
    let seen = web.seen();
    assert_eq!(seen.len(), 1, "nobody is logged in for it");
    assert!(!seen[0].headers.iter().any(|header| header.starts_with("authorization")));
    Ok(())
}

#[tokio::test]
async fn machines_and_services_have_identities() -> Result<()> {
    let inside = Web::plain(|request| {
        let is_machine = request.line.starts_with("GET /metadata/identity/oauth2/token?");
        (200, String::new(), shape("azure", if is_machine { "of_machine" } else { "of_service" }))
    })?;
    let (header, client) = (Zeroizing::new("not-a-secret".to_owned()), Some("client".to_owned()));
    let of_machine = AzureCredentials::ManagedIdentity { service: inside.address(), client: None };
    let of_service =
        AzureCredentials::AppService { endpoint: format!("{}/msi/token", inside.address()), header, client };
    let resource = "resource=https%3A%2F%2Fvault.azure.net";
    for (credentials, line, shown) in [
        (of_machine, format!("/metadata/identity/oauth2/token?api-version=2018-02-01&{resource}"), "metadata: true"),
        (
            of_service,
            format!("/msi/token?api-version=2019-08-01&{resource}&client_id=client"),
            "x-identity-header: not-a-secret",
        ),
    ] {
        let before = inside.seen().len();
        let (web, vault) = vault(credentials)?;
        let id = KeyId::AzureKeyVault(key(&web, VAULT, "sops", "1f"));
        vault.wrap(&id, &DATA_KEY).await?;
        assert_eq!(*vault.unwrap(&id, "QmFzZTY0LXVybF9jaXBoZXI").await?, DATA_KEY);
        let seen = inside.seen();
        let [asked] = &seen[before..] else { panic!("a token that is good is asked for again") };
        assert_eq!(asked.line, format!("GET {line} HTTP/1.1"));
        assert!(asked.headers.iter().any(|header| header == shown), "{:?}", asked.headers);
    }
    Ok(())
}

#[tokio::test]
async fn outside_of_azure_it_is_said_that_there_are_no_credentials() -> Result<()> {
    let nobody = AzureCredentials::ManagedIdentity { service: "http://127.0.0.1:1".to_owned(), client: None };
    let (web, vault) = vault(nobody)?;
    let Err(KeyError::NoIdentity(words)) =
        vault.wrap(&KeyId::AzureKeyVault(key(&web, VAULT, "sops", "1f")), &DATA_KEY).await
    else {
        panic!("there are")
    };
    assert!(words.contains("AZURE_CLIENT_SECRET") && words.contains("az login"), "{words}");
    Ok(())
}

#[tokio::test]
async fn the_words_of_azure_are_passed_on_and_no_credential() -> Result<()> {
    let (web, vault) = vault(by_secret())?;
    let id = |name: &str| KeyId::AzureKeyVault(key(&web, VAULT, name, "1f"));
    for (name, said) in [
        ("forbidden", "403 The user does not have keys decrypt permission"),
        ("gone", "404 A key with (name/id) gone was not found in this key vault"),
    ] {
        let Err(KeyError::Refused(words)) = vault.unwrap(&id(name), "QUJD").await else { panic!("not refused") };
        assert!(words.contains(said) && words.contains(VAULT), "{words}");
    }
    let before = web.seen().len();
    let Err(KeyError::Unavailable(words)) = vault.unwrap(&id("busy"), "QUJD").await else { panic!("not busy") };
    assert!(words.contains("429 Request was not processed because too many requests were received"), "{words}");
    assert_eq!(web.seen().len() - before, 3, "who is busy is asked again, but not for ever");
    assert!(matches!(vault.unwrap(&id("sops"), "not base64!").await, Err(KeyError::Malformed(_))));
    let (web, vault) = self::vault(with_secret("hunter2"))?;
    let refused = vault.unwrap(&KeyId::AzureKeyVault(key(&web, VAULT, "sops", "1f")), "QUJD").await;
    let Err(KeyError::Refused(words)) = refused else { panic!("not refused") };
    assert!(words.ends_with("401 AADSTS7000215: Invalid client secret provided."), "{words}");
    Ok(())
}

/// A program that leaves the file `ran`, and answers as `az account get-access-token` does.
fn az(folder: &Folder) -> Result<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let answer = json!({ "accessToken": "azure-token", "expires_on": 4_000_000_000_u64, "tokenType": "Bearer" });
    let ran = folder.path("ran");
    folder.write("az", &format!("#!/bin/sh\necho \"$@\" >> '{}'\necho '{answer}'\n", ran.display()))?;
    std::fs::set_permissions(folder.path("az"), std::fs::Permissions::from_mode(0o755))?;
    Ok(folder.path("az"))
}

#[tokio::test]
async fn the_user_of_az_is_asked_for_once() -> Result<()> {
    let folder = Folder::new(&[])?;
    let (web, vault) = vault(AzureCredentials::Program(az(&folder)?))?;
    let id = KeyId::AzureKeyVault(key(&web, VAULT, "sops", "1f"));
    vault.wrap(&id, &DATA_KEY).await?;
    assert_eq!(*vault.unwrap(&id, "QmFzZTY0LXVybF9jaXBoZXI").await?, DATA_KEY);
    let asked = "account get-access-token --output json --resource https://vault.azure.net\n";
    assert_eq!(folder.read("ran")?, asked);
    Ok(())
}

/// GHSA-x5c7-x7m2-rhmf: to encrypt in a folder must not run what lies in it.
#[tokio::test]
async fn az_is_never_taken_from_the_current_folder() -> Result<()> {
    for path in [".", "", "./"] {
        let folder = Folder::new(&[("AZURE_TOKEN_CREDENTIALS", "AzureCLICredential"), ("PATH", path)])?;
        az(&folder)?;
        let address = format!("https://{VAULT}/keys/sops/1f");
        let ended = folder.run(&folder.ours, &["encrypt", "--azure-kv", &address, "plain.yaml"]).await?;
        assert_ne!(ended.code, 0);
        assert!(ended.words().contains("`az` is not on the search path"), "{}", ended.words());
        assert!(!folder.path("ran").exists(), "it was run");
    }
    Ok(())
}
