//! The modes that need no cluster, beside the original: `--merge-into` writes the same file, `--recovery-unseal` the same Secret,
//! from the same keys.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::generator::{self, Plain};
use crate::programs::{self, Program, files, keyring, mask};
use crate::{Way, assert_opens, parsed, sealed_by, ways};

const BOTH: [Program; 2] = [Program::Ours, Program::Original];
const OBJECTS: usize = 3;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Secrets that stand in a sealed file, and Secrets to merge into it.
fn pairs(round: usize) -> Vec<(Plain, Plain)> {
    let secrets = generator::secrets(2 * OBJECTS, 2000 + round);
    let mut secrets = secrets.into_iter().map(Plain::without_scope);
    std::iter::from_fn(|| secrets.next().zip(secrets.next())).collect()
}

/// What a program makes of a file that it merges a Secret into; None when it gives up.
fn merged(program: Program, file: &str, way: Way, secret: &Plain) -> Option<String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("sealed");
    fs::write(&path, file).unwrap();
    let scope = way.scope.to_string();
    let arguments = ["--merge-into", path.to_str().unwrap(), "--format", way.output, "--scope", &scope];
    let output = program.seal(&arguments, generator::stream(std::slice::from_ref(secret), way.input).as_bytes());
    output.status.success().then(|| fs::read_to_string(&path).unwrap())
}

#[test]
fn both_merge_alike() {
    let keyring = keyring();
    let mut compared = 0;
    for (round, way) in ways().into_iter().enumerate() {
        for (there, new) in pairs(round) {
            let file = sealed_by(Program::Original, way, std::slice::from_ref(&there));
            let ours = merged(Program::Ours, &file, way, &new).expect("we never give up");
            let opened = parsed(&ours, way.output).remove(0);
            let values: BTreeMap<_, _> = there.values().into_iter().chain(new.values()).collect();
            assert_opens(&keyring, &opened, &values);
            // The original panics where the file has no labels or annotations and the Secret has some.
            if let Some(theirs) = merged(Program::Original, &file, way, &new) {
                assert_eq!(mask(&ours), mask(&theirs), "{way:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 12, "only {compared} files were compared");
    println!("{compared} files");
}

#[test]
fn both_recover_alike() {
    let key = files().join("tls.key");
    for (round, way) in ways().into_iter().enumerate() {
        let secrets = generator::secrets(OBJECTS, 3000 + round);
        let sealed = sealed_by(Program::Ours, way, &secrets);
        for document in programs::documents(&sealed, way.output) {
            let arguments =
                ["--recovery-unseal", "--recovery-private-key", key.to_str().unwrap(), "--format", way.output];
            let [ours, theirs] = BOTH.map(|program| program.run(&arguments, document.as_bytes()));
            assert_eq!(theirs.status.code(), Some(0), "{}", text(theirs.stderr));
            // The original writes an empty value as null, which takes the key out again when it is applied a second time.
            let [ours, theirs] = [ours, theirs].map(|output| text(output.stdout).replace(": null", ": \"\""));
            assert_eq!(ours, theirs, "{way:?}\n{document}");
        }
    }
}

/// The forms that the original's own tests feed, and those of `kubectl get`.
#[test]
fn both_read_the_same_keys() {
    let directory = TempDir::new().unwrap();
    let entry = |name: &str| kubeseal::encode_base64(&fs::read(files().join(name)).unwrap());
    let data = json!({ "tls.crt": entry("tls.crt"), "tls.key": entry("tls.key") });
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "k" }, "data": data });
    let bare = json!({ "metadata": { "name": "k" }, "data": data });
    let list = |items: Value| json!({ "apiVersion": "v1", "kind": "List", "items": items });
    let forms = [
        fs::read_to_string(files().join("tls.key")).unwrap(),
        secret.to_string(),
        format!("---\n{secret}\n---\n{bare}\n"),
        list(json!([secret])).to_string(),
        list(json!([bare])).to_string(),
        serde_saphyr::to_string(&list(json!([secret, bare]))).unwrap(),
    ];
    let way = ways()[0];
    let plain = generator::secrets(1, 4000);
    let sealed = sealed_by(Program::Original, way, &plain);
    for (number, form) in forms.into_iter().enumerate() {
        let path = directory.path().join(number.to_string());
        fs::write(&path, &form).unwrap();
        let arguments = ["--recovery-unseal", "--recovery-private-key", path.to_str().unwrap()];
        let [ours, theirs] = BOTH.map(|program| program.run(&arguments, sealed.as_bytes()));
        assert_eq!(theirs.status.code(), Some(0), "{form}: {}", text(theirs.stderr));
        assert_eq!(text(ours.stdout), text(theirs.stdout), "{form}: {}", text(ours.stderr));
    }
}

/// What either refuses the other refuses, with status 1.
#[test]
fn both_refuse_the_same_files() {
    let key = files().join("tls.key");
    let key = key.to_str().unwrap();
    let scope = kubeseal::Scope::Strict;
    let renamed = generator::sealed_document("shop", "db", scope, "AQAAAA==");
    let directory = TempDir::new().unwrap();
    let absent = directory.path().join("absent");
    for (arguments, input) in [
        (["--recovery-unseal"].as_slice(), renamed.as_str()),
        (&["--recovery-unseal", "--recovery-private-key", key], &renamed),
        (&["--recovery-unseal", "--recovery-private-key", key], "kind: Secret\napiVersion: v1\n"),
        (&["--recovery-unseal", "--recovery-private-key", absent.to_str().unwrap()], &renamed),
        (&["--merge-into", absent.to_str().unwrap()], "metadata: {name: a}\ndata: {k: YQ==}\n"),
        (&["--merge-into", key], "metadata: {name: a}\ndata: {k: YQ==}\n"),
        (&["--from-file", key], ""),
        (&["--secret-file", absent.to_str().unwrap()], ""),
    ] {
        for program in BOTH {
            let output = program.seal(arguments, input.as_bytes());
            assert_eq!(output.status.code(), Some(1), "{program:?} {arguments:?} {}", text(output.stdout));
            assert!(output.stderr.starts_with(b"error: "), "{program:?} {arguments:?}");
        }
    }
}
