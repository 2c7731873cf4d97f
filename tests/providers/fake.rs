//! The fake store passes the suite like a real one.

use anyhow::Result;
use crds::SecretStoreSpec;
use serde_json::{Value, json};

use crate::conformance::{Secrets, World, conforms};

#[derive(Default)]
struct Fake {
    entries: Vec<(String, String)>,
}

impl World for Fake {
    fn spec(&self) -> SecretStoreSpec {
        let versions = self
            .entries
            .iter()
            .enumerate()
            .map(|(index, (key, value))| json!({"key": key, "value": value, "version": index.to_string()}));
        let newest = self.entries.last().map(|(key, value)| json!({"key": key, "value": value}));
        let data: Vec<Value> = versions.chain(newest).collect();
        serde_json::from_value(json!({"provider": {"fake": {"data": data}}})).expect("it is a store")
    }

    fn credentials(&self) -> Secrets {
        Secrets::default()
    }

    fn has_versions(&self) -> bool {
        false
    }

    async fn put(&mut self, key: &str, value: &Value) -> Result<String> {
        self.entries.push((key.into(), value.to_string()));
        Ok((self.entries.len() - 1).to_string())
    }

    async fn delete(&mut self, key: &str) -> Result<()> {
        self.entries.retain(|(name, _)| name != key);
        Ok(())
    }
}

#[tokio::test]
async fn the_fake_store_conforms() -> Result<()> {
    conforms(&mut Fake::default(), None).await
}
