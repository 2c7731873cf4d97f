//! The key-value engine of Vault, of both versions. It gets the values in clear, so the same rule holds as for transit keys:
//! nothing goes to a server that the user did not name.

use std::fmt;

use reqwest::Method;
use serde_json::{Map, Value, json};
use sops::remote::http::Answer;
use sops::remote::vault::{AllowList, Vault, words};
use sops::{Branch, Format, KeyError};

use super::place::failure;
use crate::clouds::{variable, vault};
use crate::failure::{Failure, say, warn};
use crate::runtime;
use crate::services::wait;

/// A secret of the engine.
pub(super) struct Secret {
    address: String,
    segments: Vec<String>,
    version: u8,
}

impl Secret {
    pub(super) fn new((address, mount): (&str, &str), (path, name): (&str, &str), version: u8) -> Secret {
        let address = if address.is_empty() { vault::address() } else { address.to_owned() };
        let data = if version == 1 { None } else { Some("data") };
        let below = path.trim_matches('/').split('/').chain(name.split('/'));
        let segments = mount.trim_matches('/').split('/').chain(data).chain(below);
        Secret { segments: segments.map(str::to_owned).collect(), address, version }
    }

    /// Writes a new version, unless the newest has the same values.
    pub(super) fn put(self, branches: &[Branch]) -> Result<(), Failure> {
        let values = values(branches)?;
        let name = self.to_string();
        let is_new = wait(runtime::spawn(async move { self.write(values).await })).map_err(|error| failure(&error))?;
        if !is_new {
            say(&format!("{name} has these values already"));
        }
        Ok(())
    }

    async fn write(self, values: Value) -> Result<bool, KeyError> {
        let allowed =
            AllowList::parse(variable("SOPS_HC_VAULT_ALLOWLIST").as_deref(), variable("VAULT_ADDR").as_deref())?;
        let client = vault::client(allowed)?;
        let there = self.call(&client, Method::GET, None).await?;
        match there.status.as_u16() {
            404 => {}
            200..=299 => {
                let answer: Value = there.json("Vault", words)?;
                let known = if self.version == 1 { &answer["data"] } else { &answer["data"]["data"] };
                if *known == values {
                    return Ok(false);
                }
            }
            status => warn(&format!("{self} cannot be read ({status}): a new version is written in any case")),
        }
        let body = if self.version == 1 { values } else { json!({ "data": values }) };
        self.call(&client, Method::PUT, Some(&body)).await?.accept(&format!("Vault at {}", self.address), words)?;
        Ok(true)
    }

    async fn call(&self, client: &Vault, method: Method, body: Option<&Value>) -> Result<Answer, KeyError> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        client.call(method, (&self.address, &segments), body).await
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/v1/{}", self.address.trim_end_matches('/'), self.segments.join("/"))
    }
}

/// The values of all documents as one object; where two have a key, the later counts.
fn values(branches: &[Branch]) -> Result<Value, Failure> {
    let mut all = Map::new();
    for branch in branches {
        let text = Format::Json.emit(std::slice::from_ref(branch), None)?;
        let values: Map<String, Value> = serde_json::from_slice(&text)
            .map_err(|_| failure(&KeyError::Malformed("the values cannot be said in JSON".to_owned())))?;
        all.extend(values);
    }
    Ok(Value::Object(all))
}
