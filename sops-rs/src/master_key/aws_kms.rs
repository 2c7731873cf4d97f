//! AWS KMS. The wrapped data key is the `CiphertextBlob` in base64.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{AwsKmsKey, KeyError, KeyId, KeyService};
use crate::remote::aws::{Aws, AwsCall, Caller, words};
use crate::remote::http;

/// Wraps data keys with keys of AWS KMS, in the region of their ARN.
pub struct AwsKms(Aws);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt<'a> {
    key_id: &'a str,
    plaintext: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    encryption_context: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    encryption_context: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypted {
    ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    plaintext: String,
}

impl AwsKms {
    /// Keys that this client may use.
    pub fn new(aws: Aws) -> AwsKms {
        AwsKms(aws)
    }

    async fn call<T>(&self, key: &AwsKmsKey, target: &'static str, body: &impl Serialize) -> Result<T, KeyError>
    where
        T: for<'de> Deserialize<'de>,
    {
        let region = region(&key.arn)?;
        let caller =
            Caller { region: Some(region.to_owned()), profile: key.aws_profile.clone(), role: key.role.clone() };
        let call = AwsCall {
            service: "kms",
            method: Method::POST,
            object: None,
            headers: vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)],
            body: http::json(body)?,
        };
        self.0.call(&caller, call).await?.json(&format!("AWS KMS in {region}"), words)
    }
}

/// The region of `arn:aws:kms:REGION:ACCOUNT:key/ID` or `…:alias/NAME`.
fn region(arn: &str) -> Result<&str, KeyError> {
    let wrong = || KeyError::Malformed(format!("`{arn}` is not the ARN of a KMS key"));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "kms", region, account, resource] = parts[..] else { return Err(wrong()) };
    let is_key = ["key/", "alias/"].iter().any(|kind| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty()));
    let is_account = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    if is_key && is_account && partition.starts_with("aws") { Ok(region) } else { Err(wrong()) }
}

fn context(key: &AwsKmsKey) -> Map<String, Value> {
    key.context.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

#[async_trait]
impl KeyService for AwsKms {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let KeyId::AwsKms(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let text = Zeroizing::new(STANDARD.encode(plaintext));
        let body = Encrypt { key_id: &key.arn, plaintext: &text, encryption_context: context(key) };
        let encrypted: Encrypted = self.call(key, "TrentService.Encrypt", &body).await?;
        Ok(encrypted.ciphertext_blob)
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::AwsKms(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        if STANDARD.decode(enc).is_err() {
            return Err(KeyError::Malformed("the wrapped data key is not base64".to_owned()));
        }
        let body = Decrypt { key_id: &key.arn, ciphertext_blob: enc, encryption_context: context(key) };
        let decrypted: Decrypted = self.call(key, "TrentService.Decrypt", &body).await?;
        let text = Zeroizing::new(decrypted.plaintext);
        let plain = STANDARD.decode(text.as_bytes());
        plain.map(Zeroizing::new).map_err(|_| KeyError::Refused("AWS KMS: the answer is not base64".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_that_of_the_arn() {
        for (arn, expected) in [
            ("arn:aws:kms:us-east-1:656532927350:key/920aff2e-c5f1-4040-943a-047fa387b27e", "us-east-1"),
            ("arn:aws-cn:kms:cn-north-1:1:alias/a/b", "cn-north-1"),
        ] {
            assert_eq!(region(arn).unwrap(), expected);
        }
        for arn in [
            "",
            "arn:aws:kms:us-east-1:1:key/",
            "arn:aws:kms:us-east-1:1:grant/x",
            "arn:aws:s3:us-east-1:1:key/x",
            "arn:evil:kms:us-east-1:1:key/x",
            "arn:aws:kms:us-east-1:one:key/x",
            "aws:kms:us-east-1:1:key/x",
        ] {
            assert!(region(arn).is_err(), "{arn}");
        }
    }
}
