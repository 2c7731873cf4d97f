//! The files that a cluster installs are those that the types make.

#![expect(clippy::panic, reason = "a step that fails ends the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(file: &str) -> Value {
    let text =
        fs::read_to_string(folder().join(file)).unwrap_or_else(|error| panic!("crds/{file}: {error}: run make crds"));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("crds/{file}: {error}"))
}

#[test]
fn files_are_what_the_types_make() {
    for definition in crds::definitions() {
        let made = serde_json::to_value(&definition.resource).unwrap();
        let kept = read(definition.file);
        if let Some(place) = difference("", &made, &kept) {
            panic!("crds/{} differs from the types at {place}: run make crds", definition.file);
        }
    }
}

#[test]
fn every_definition_is_installed_and_nothing_else() {
    let expected: BTreeSet<String> = crds::definitions().iter().map(|definition| definition.file.to_owned()).collect();
    let listed: BTreeSet<String> = read("kustomization.yaml")["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, expected, "crds/kustomization.yaml lists other files than make crds writes");
    let present: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "kustomization.yaml")
        .collect();
    assert_eq!(present, expected, "crds holds other definitions than make crds writes");
}

#[test]
fn a_file_is_named_after_its_definition() {
    for definition in crds::definitions() {
        let name = definition.resource.metadata.name.unwrap();
        assert_eq!(definition.file, format!("{name}.yaml"));
    }
}

/// The first place where two documents differ.
fn difference(place: &str, made: &Value, kept: &Value) -> Option<String> {
    match (made, kept) {
        (Value::Object(made), Value::Object(kept)) => {
            let names: BTreeSet<&String> = made.keys().chain(kept.keys()).collect();
            names.into_iter().find_map(|name| {
                let place = format!("{place}.{name}");
                match (made.get(name), kept.get(name)) {
                    (Some(made), Some(kept)) => difference(&place, made, kept),
                    _ => Some(place),
                }
            })
        }
        (Value::Array(made), Value::Array(kept)) if made.len() == kept.len() => made
            .iter()
            .zip(kept)
            .enumerate()
            .find_map(|(index, (made, kept))| difference(&format!("{place}[{index}]"), made, kept)),
        _ => (made != kept).then(|| place.to_owned()),
    }
}
