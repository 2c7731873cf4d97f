//! Google Cloud KMS, by the shapes of its reference.

use anyhow::{Context as _, Result};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::{Value, json};
use sops::master_key::gcp_kms::GcpKms;
use sops::remote::gcp::{GcpCredentials, GcpTokens};
use sops::remote::{Http, HttpSettings};
use sops::{KeyError, KeyId, KeyService as _};
use zeroize::Zeroizing;

use crate::shapes::{DATA_KEY, clock, shape};
use crate::web::{Seen, Web};

const KMS: &str = "cloudkms.googleapis.com";
const LOGIN: &str = "oauth2.googleapis.com";
const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

fn answer(request: &Seen) -> (u16, String, String) {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let has_token = request.headers.iter().any(|header| header == "authorization: Bearer gcp-token");
    let name = match path.strip_prefix("/v1/projects/p/locations/global/keyRings/r/cryptoKeys/") {
        None if request.body.contains("wrong") => return (400, String::new(), shape("gcp", "invalid")),
        None => "token",
        Some("gone:decrypt") => return (404, String::new(), shape("gcp", "missing")),
        Some("busy:decrypt") => return (429, String::new(), shape("gcp", "throttled")),
        Some("k:encrypt") if has_token => "encrypted",
        Some("k:decrypt") if has_token => "decrypted",
        Some(_) => return (403, String::new(), shape("gcp", "denied")),
    };
    (200, String::new(), shape("gcp", name))
}

fn kms(credentials: impl FnOnce(&Web) -> GcpCredentials) -> Result<(Web, GcpKms)> {
    let web = Web::secure(&[KMS, LOGIN], answer)?;
    let http = Http::new(&HttpSettings {
        authorities: vec![Zeroizing::new(web.authority().as_bytes().to_vec())],
        resolve: [KMS, LOGIN].map(|host| (host.to_owned(), web.socket())).into(),
        ..HttpSettings::default()
    })?;
    let tokens = GcpTokens::new(http.clone(), clock, credentials(&web));
    let endpoint = format!("{KMS}:{}", web.socket().port());
    Ok((web, GcpKms::new(http, tokens, (Some(&endpoint), None))?))
}

fn token_uri(web: &Web) -> String {
    format!("https://{LOGIN}:{}/token", web.socket().port())
}

fn user(web: &Web, secret: &str) -> GcpCredentials {
    let json = json!({
        "type": "authorized_user", "client_id": "c", "client_secret": secret, "refresh_token": "r",
        "token_uri": token_uri(web),
    });
    GcpCredentials::Json(Zeroizing::new(json.to_string()))
}

fn id() -> KeyId {
    KeyId::GcpKms(KEY.to_owned())
}

#[tokio::test]
async fn data_keys_are_wrapped_and_opened_with_one_login() -> Result<()> {
    let (web, kms) = kms(|web| user(web, "s"))?;
    assert_eq!(kms.wrap(&id(), &DATA_KEY).await?, "CiQAcGhlcg==");
    assert_eq!(*kms.unwrap(&id(), "CiQAcGhlcg==").await?, DATA_KEY);
    let seen = web.seen();
    let [login, encrypt, decrypt] = &seen[..] else { panic!("{} requests", seen.len()) };
    assert_eq!(login.body, "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r");
    let body = |request: &Seen| serde_json::from_str::<Value>(&request.body).unwrap();
    assert_eq!(body(encrypt), json!({ "plaintext": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=" }));
    assert_eq!(body(decrypt), json!({ "ciphertext": "CiQAcGhlcg==" }));
    Ok(())
}

#[tokio::test]
async fn a_service_account_signs_for_its_token() -> Result<()> {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
    let (web, kms) = kms(|web| {
        let json = json!({
            "type": "service_account", "client_email": "sops@p.iam.gserviceaccount.com", "private_key_id": "1",
            "private_key": key.serialize_pem(), "token_uri": token_uri(web),
        });
        GcpCredentials::Json(Zeroizing::new(json.to_string()))
    })?;
    kms.wrap(&id(), &DATA_KEY).await?;
    let login = web.seen()[0].body.clone();
    let assertion = login.split("&assertion=").nth(1).context("no assertion")?;
    let [header, claims, signature] = assertion.split('.').collect::<Vec<_>>()[..] else { panic!("no JWT") };
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.der_bytes());
    public.verify(format!("{header}.{claims}").as_bytes(), &signature).context("the signature")?;
    let part = |text: &str| -> Result<Value> { Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text)?)?) };
    assert_eq!(part(header)?, json!({ "alg": "RS256", "typ": "JWT", "kid": "1" }));
    let now = clock().as_second();
    let expected = json!({
        "iss": "sops@p.iam.gserviceaccount.com", "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": token_uri(&web), "iat": now, "exp": now + 3600,
    });
    assert_eq!(part(claims)?, expected);
    Ok(())
}

#[tokio::test]
async fn the_words_of_google_are_passed_on_and_no_credential() -> Result<()> {
    let (_web, kms) = kms(|_| GcpCredentials::Token(Zeroizing::new("stale-hunter2".to_owned())))?;
    let Err(KeyError::Refused(words)) = kms.unwrap(&id(), "CiQAcGhlcg==").await else { panic!("not refused") };
    assert!(words.contains("403 Permission 'cloudkms") && !words.contains("hunter2"), "{words}");
    let (_web, kms) = self::kms(|web| user(web, "wrong-hunter2"))?;
    let Err(KeyError::Refused(words)) = kms.unwrap(&id(), "CiQAcGhlcg==").await else { panic!("not refused") };
    assert!(words.contains("invalid_grant Invalid JWT Signature") && !words.contains("hunter2"), "{words}");
    for json in ["{", r#"{"type": "external_account"}"#, r#"{"type": "service_account", "private_key": "hunter2"}"#] {
        let (web, kms) = self::kms(|_| GcpCredentials::Json(Zeroizing::new(json.to_owned())))?;
        let Err(KeyError::Malformed(words)) = kms.wrap(&id(), &DATA_KEY).await else { panic!("{json}") };
        assert!(!words.contains("hunter2") && web.seen().is_empty(), "{words}");
    }
    Ok(())
}

#[tokio::test]
async fn outside_of_google_cloud_it_is_said_that_there_are_no_credentials() -> Result<()> {
    let (_web, kms) = kms(|_| GcpCredentials::Metadata("127.0.0.1:1".to_owned()))?;
    let Err(KeyError::NoIdentity(words)) = kms.wrap(&id(), &DATA_KEY).await else { panic!("there are") };
    assert!(words.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{words}");
    Ok(())
}

#[tokio::test]
async fn a_machine_has_an_account() -> Result<()> {
    let inside = Web::plain(|_| (200, String::new(), shape("gcp", "token")))?;
    let (_web, kms) = kms(|_| GcpCredentials::Metadata(inside.socket().to_string()))?;
    kms.wrap(&id(), &DATA_KEY).await?;
    assert_eq!(*kms.unwrap(&id(), "CiQAcGhlcg==").await?, DATA_KEY);
    let seen = inside.seen();
    let [asked] = &seen[..] else { panic!("a token that is good is asked for again") };
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let scope = "scopes=https://www.googleapis.com/auth/cloud-platform";
    assert_eq!(asked.line, format!("GET {path}?{scope} HTTP/1.1"));
    assert!(asked.headers.iter().any(|header| header == "metadata-flavor: Google"), "{:?}", asked.headers);
    Ok(())
}

#[tokio::test]
async fn keys_that_are_gone_and_services_that_are_busy_are_told_apart() -> Result<()> {
    let (web, kms) = kms(|web| user(web, "s"))?;
    let other = |name: &str| KeyId::GcpKms(format!("{}{name}", &KEY[..KEY.len() - 1]));
    let Err(KeyError::Refused(words)) = kms.unwrap(&other("gone"), "CiQAcGhlcg==").await else { panic!("there") };
    assert!(words.contains("404 CryptoKey") && words.contains("not found"), "{words}");
    let before = web.seen().len();
    let Err(KeyError::Unavailable(words)) = kms.unwrap(&other("busy"), "CiQAcGhlcg==").await else { panic!("idle") };
    assert!(words.contains("429 Quota exceeded"), "{words}");
    assert_eq!(web.seen().len() - before, 3, "who is busy is asked again, but not for ever");
    let nowhere = KeyId::GcpKms("projects/p/locations/../../evil".to_owned());
    assert!(matches!(kms.unwrap(&nowhere, "CiQAcGhlcg==").await, Err(KeyError::Malformed(_))));
    Ok(())
}
