//! From the key that a user wrote to the path of Vault's API. The mount may stand in front of the key or not, and in version 2
//! of the engine a `data` goes between the two; all spellings that the original accepts mean here what they mean there.

use super::Engine;
use crate::failure::Failure;
use crate::reason::Reason;

/// The path of a secret below `/v1/`.
pub(super) fn secret(mount: Option<&str>, engine: Engine, key: &str) -> Result<String, Failure> {
    if key.split('/').any(|segment| matches!(segment, "." | "..")) || key.trim_matches('/').is_empty() {
        return Err(Failure::lasting(Reason::InvalidSpec, "a key is not the path of a secret in Vault"));
    }
    let is_v2 = engine == Engine::V2;
    let Some(mount) = mount.map(|mount| mount.trim_matches('/')) else {
        return Ok(match key.split_once('/') {
            _ if !is_v2 || key.contains("/data/") => key.to_owned(),
            Some((mount, rest)) => format!("{mount}/data/{rest}"),
            None => format!("{key}/data"),
        });
    };
    let inside = key.strip_prefix(mount).and_then(|rest| rest.strip_prefix('/'));
    let rest = match inside {
        Some(rest) if is_v2 => rest.strip_prefix("data/").unwrap_or(rest),
        Some(rest) => rest,
        None => key,
    };
    Ok(if is_v2 { format!("{mount}/data/{rest}") } else { format!("{mount}/{rest}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_original_means_the_same_path() {
        for (mount, engine, key, expected) in [
            (Some("secret"), Engine::V2, "foo", "secret/data/foo"),
            (Some("secret/"), Engine::V2, "foo", "secret/data/foo"),
            (Some("secret/path"), Engine::V2, "foo", "secret/path/data/foo"),
            (Some("secret/path"), Engine::V2, "secret/path/foo", "secret/path/data/foo"),
            (Some("secret/path"), Engine::V2, "secret/path/data/foo", "secret/path/data/foo"),
            (Some("secret"), Engine::V2, "data/foo", "secret/data/data/foo"),
            (Some("secret"), Engine::V2, "secrets/foo", "secret/data/secrets/foo"),
            (Some("secret/path"), Engine::V1, "foo", "secret/path/foo"),
            (Some("secret/path"), Engine::V1, "secret/path/foo", "secret/path/foo"),
            (Some("secret"), Engine::V1, "secret/data/foo", "secret/data/foo"),
            (None, Engine::V2, "secret/path/foo", "secret/data/path/foo"),
            (None, Engine::V2, "secret/path/data/foo", "secret/path/data/foo"),
            (None, Engine::V2, "secret", "secret/data"),
            (None, Engine::V1, "secret/path/foo", "secret/path/foo"),
        ] {
            assert_eq!(secret(mount, engine, key).unwrap(), expected, "{mount:?} {engine:?} {key}");
        }
    }

    #[test]
    fn no_key_leads_out_of_its_mount() {
        for key in ["../sys/raw", "a/../../sys/raw", ".", "a/./b", "", "/"] {
            assert!(secret(Some("secret"), Engine::V2, key).is_err(), "{key}");
        }
    }
}
