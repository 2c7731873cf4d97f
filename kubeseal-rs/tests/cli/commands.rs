//! The commands that the original does not have, offline. The original opens what they wrote.

#[path = "commands/explain.rs"]
mod explain;
#[path = "commands/keys.rs"]
mod keys;
#[path = "commands/reseal.rs"]
mod reseal;
#[path = "commands/seal.rs"]
mod seal;

use crate::place::{Place, SECRET};

#[cfg(unix)]
#[test]
fn under_the_name_of_the_original_there_are_no_commands() {
    let place = Place::new();
    for word in ["seal", "reseal", "explain"] {
        let stderr = format!("error: unexpected argument '{word}' found\nhint: `kubeseal --help` lists the flags\n");
        assert_eq!(place.run_as_kubeseal(&[word, "."], "").stderr, stderr);
    }
}

#[test]
fn flags_alone_are_those_of_the_original() {
    let place = Place::new();
    let ended = place.run(&["--cert", "cert.pem", "--format", "yaml"], SECRET);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("---\napiVersion: bitnami.com/v1alpha1\n"));
}
