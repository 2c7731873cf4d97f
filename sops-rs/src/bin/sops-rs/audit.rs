//! `/etc/sops/audit.yaml`, in which an administrator asks for a record of every encryption and decryption in a database. This
//! program writes none, so it does nothing on a machine that asks for one: an audit must not stop in silence because a binary
//! was replaced.

use std::path::Path;
use std::{fs, io};

use serde_json::Value;

use crate::failure::{Failure, code};

const PATH: &str = "/etc/sops/audit.yaml";

/// Ends the program where a record is asked for.
pub(crate) fn refuse() -> Result<(), Failure> {
    refuse_for(Path::new(PATH))
}

fn refuse_for(path: &Path) -> Result<(), Failure> {
    let wrong = |what: &str| Failure::new(code::GENERIC, format!("{}: {what}", path.display()));
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(wrong(&format!("it cannot be read: {error}"))),
    };
    let settings: Option<Value> = serde_saphyr::from_str(&text).map_err(|_| wrong("it is not YAML"))?;
    let backends = settings.as_ref().and_then(|settings| settings.get("backends")).and_then(Value::as_object);
    let is_used = |databases: &Value| databases.as_array().is_none_or(|list| !list.is_empty()) && !databases.is_null();
    match backends.into_iter().flatten().find(|(_, databases)| is_used(databases)) {
        None => Ok(()),
        Some((backend, _)) => Err(wrong(&format!("it asks for an audit in `{backend}`, which sops-rs cannot write"))
            .hint("use the original sops on this machine, or have an administrator remove the backend")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        refuse_for(file.path()).err().map(|failure| failure.message)
    }

    #[test]
    fn an_audit_that_is_asked_for_ends_the_program() {
        let asked = "backends:\n  postgres:\n    - connection_string: \"postgres://sops:hunter2@localhost/sops\"\n";
        let words = refused(asked).unwrap();
        assert!(words.contains("`postgres`") && !words.contains("hunter2"), "{words}");
        for asked in ["backends: {postgres: {connection_string: x}}", "backends: {mysql: [{}]}", "a: [hunter2", "\u{0}"]
        {
            let words = refused(asked).unwrap();
            assert!(!words.contains("hunter2"), "{words}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(refuse_for(folder.path()).is_err(), "what cannot be read may ask for one");
    }

    #[test]
    fn without_a_backend_nothing_is_asked_for() {
        for text in
            ["", "# none\n", "backends:\n", "backends: {postgres: []}\n", "backends: {postgres: }\n", "other: 1\n"]
        {
            assert_eq!(refused(text), None, "{text:?}");
        }
        assert!(refuse_for(Path::new("/nonexistent/audit.yaml")).is_ok());
    }
}
