//! `kubeseal-rs` beside the original `kubeseal`: both seal the same Secrets, the documents must be equal but for the
//! ciphertexts, and what either sealed must open in the other.
//!
//! The Secrets are generated, always the same ones, and many go through one process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "peers/generator.rs"]
mod generator;
#[path = "peers/modes.rs"]
mod modes;
#[path = "peers/odd_texts.rs"]
mod odd_texts;
#[path = "peers/programs.rs"]
mod programs;

use std::collections::BTreeMap;

use crds::SealedSecret;
use kubeseal::{Keyring, Scope};

use crate::generator::{Plain, Source};
use crate::programs::{Program, keyring, mask};

const SECRETS: usize = 120;
const RECOVERED: usize = 12;

/// How a stream of Secrets is written and sealed.
#[derive(Clone, Copy, Debug)]
struct Way {
    input: Source,
    output: &'static str,
    scope: Scope,
}

fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for input in [Source::Json, Source::Yaml] {
        for output in ["json", "yaml"] {
            for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
                ways.push(Way { input, output, scope });
            }
        }
    }
    ways
}

fn sealed_by(program: Program, way: Way, secrets: &[Plain]) -> String {
    let scope = way.scope.to_string();
    let arguments = ["--namespace", "given", "--format", way.output, "--scope", &scope];
    let input = generator::stream(secrets, way.input);
    let output = program.seal(&arguments, input.as_bytes());
    assert!(output.status.success(), "{program:?} {way:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn parsed(output: &str, format: &str) -> Vec<SealedSecret> {
    if format == "json" {
        serde_json::Deserializer::from_str(output).into_iter().collect::<Result<_, _>>().unwrap()
    } else {
        serde_saphyr::from_multiple(output).unwrap()
    }
}

/// Opens every value with our library; answers how many there were.
fn assert_opens(keyring: &Keyring, sealed: &SealedSecret, values: &BTreeMap<String, Vec<u8>>) -> usize {
    let metadata = &sealed.metadata;
    let scope = Scope::from_annotations(metadata.annotations.as_ref().unwrap_or(&BTreeMap::new()));
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let label = scope.label(namespace, metadata.name.as_deref().unwrap());
    let opened: BTreeMap<String, Vec<u8>> = sealed
        .spec
        .encrypted_data
        .iter()
        .map(|(key, text)| {
            let blob = kubeseal::decode_base64(text.as_deref().unwrap()).unwrap();
            (key.clone(), keyring.unseal(&label, &blob, None).unwrap().plaintext.to_vec())
        })
        .collect();
    assert_eq!(&opened, values);
    opened.len()
}

/// The first pair of documents that differ, masked; comparing whole streams would print megabytes.
fn assert_equal_but_for_ciphertexts(ours: &str, theirs: &str, way: Way) {
    let (ours, theirs) = (mask(ours), mask(theirs));
    if ours == theirs {
        return;
    }
    let [ours, theirs] = [&ours, &theirs].map(|output| programs::documents(output, way.output));
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        assert_eq!(ours, theirs, "{way:?}");
    }
    panic!("{way:?}: the streams differ in length");
}

#[test]
fn both_write_the_same_documents_and_the_library_opens_both() {
    let keyring = keyring();
    let mut values = 0;
    for (round, way) in ways().into_iter().enumerate() {
        let secrets = generator::secrets(SECRETS, round);
        let ours = sealed_by(Program::Ours, way, &secrets);
        let theirs = sealed_by(Program::Original, way, &secrets);
        assert_equal_but_for_ciphertexts(&ours, &theirs, way);
        for output in [ours, theirs] {
            let sealed = parsed(&output, way.output);
            assert_eq!(sealed.len(), secrets.len(), "{way:?}");
            values += sealed
                .iter()
                .zip(&secrets)
                .map(|(sealed, plain)| assert_opens(&keyring, sealed, &plain.values()))
                .sum::<usize>();
        }
    }
    assert!(values > 10_000, "only {values} values were compared");
    println!("{values} values");
}

#[test]
fn the_original_opens_what_we_seal() {
    let mut values = 0;
    for (round, way) in ways().into_iter().enumerate().filter(|(round, _)| round % 3 != 1) {
        let secrets = generator::secrets(RECOVERED, 1000 + round);
        let output = sealed_by(Program::Ours, way, &secrets);
        let documents = programs::documents(&output, way.output);
        assert_eq!(documents.len(), secrets.len());
        for (document, plain) in documents.into_iter().zip(&secrets) {
            assert_eq!(programs::recovered(document), plain.values(), "{way:?}\n{document}");
            values += plain.values().len();
        }
    }
    assert!(values > 100, "only {values} values were recovered");
    println!("{values} values");
}

/// Texts that YAML would read as something else, that need escapes, or that are folded.
#[test]
fn odd_texts_are_written_as_the_original_writes_them() {
    let odd = odd_texts::odd_texts();
    let secrets: Vec<Plain> = odd.chunks(20).map(Plain::annotated).collect();
    for input in [Source::Json, Source::Yaml] {
        for output in ["json", "yaml"] {
            let way = Way { input, output, scope: Scope::Strict };
            let ours = sealed_by(Program::Ours, way, &secrets);
            assert_equal_but_for_ciphertexts(&ours, &sealed_by(Program::Original, way, &secrets), way);
            let read: Vec<String> = parsed(&ours, output).iter().flat_map(generator::annotation_values).collect();
            assert_eq!(read, odd, "{way:?}: not read back as written");
        }
    }
}

#[test]
fn raw_values_open_in_the_other_program() {
    let cases: [(&str, &[&str], Scope); 3] = [
        ("strict", &["--name", "db", "--namespace", "shop"], Scope::Strict),
        ("namespace-wide", &["--namespace", "shop"], Scope::NamespaceWide),
        ("cluster-wide", &[], Scope::ClusterWide),
    ];
    for (word, arguments, scope) in cases {
        for value in [b"".as_slice(), b"hunter2", b"line\nline\n", &[0, 255, 128, 10]] {
            let arguments = [&["--raw", "--scope", word], arguments].concat();
            for program in [Program::Ours, Program::Original] {
                let output = program.seal(&arguments, value);
                let text = String::from_utf8(output.stdout).unwrap();
                assert!(output.status.success() && !text.ends_with('\n'), "{program:?} {word}");
                let blob = kubeseal::decode_base64(&text).unwrap();
                let keyring = keyring();
                let opened = keyring.unseal(&scope.label("shop", "db"), &blob, None).unwrap();
                assert_eq!(opened.plaintext.as_slice(), value);
                let document = generator::sealed_document("shop", "db", scope, &text);
                assert_eq!(programs::recovered(&document)["value"], value);
            }
        }
    }
}

/// What the two decide alike about namespaces, with and without a kubeconfig and a flag.
#[test]
fn namespaces_are_chosen_alike() {
    let secret = |namespace: &str| format!("metadata: {{name: a, namespace: \"{namespace}\"}}\ndata: {{k: YQ==}}\n");
    let contexts = ["plain", "with-namespace", "absent"];
    for (own, flag) in [("", None), ("", Some("given")), ("own", None), ("own", Some("own")), ("", Some("ns/given"))] {
        for scope in ["strict", "namespace-wide", "cluster-wide"] {
            for context in contexts {
                let kubeconfig = programs::kubeconfig();
                let mut arguments = vec!["--scope", scope, "--kubeconfig", kubeconfig, "--context", context];
                arguments.extend(flag.iter().flat_map(|flag| ["--namespace", flag]));
                let [ours, theirs] = [Program::Ours, Program::Original].map(|program| {
                    let output = program.seal(&arguments, secret(own).as_bytes());
                    (output.status.code(), mask(&String::from_utf8(output.stdout).unwrap()))
                });
                assert_eq!(ours, theirs, "own {own:?}, {arguments:?}");
            }
        }
    }
}

/// Every input here is refused by both with status 1.
#[test]
fn both_refuse_the_same_inputs() {
    let inputs = [
        "",
        "---\n---\n",
        "{}",
        "kind: List\n",
        "metadata: {name: a}\n",
        "metadata: {name: a}\ndata: {}\n",
        "data: {k: YQ==}\n",
        "metadata: {name: a}\ndata: {k: YQ}\n",
        "metadata: {name: a}\ndata: {k: 5}\n",
        "metadata: {name: a, namespace: other}\ndata: {k: YQ==}\n",
    ];
    for input in inputs {
        for program in [Program::Ours, Program::Original] {
            let output = program.seal(&["--namespace", "given"], input.as_bytes());
            assert_eq!(output.status.code(), Some(1), "{program:?} accepts {input:?}");
            assert!(output.stderr.starts_with(b"error: "), "{program:?} {input:?}");
        }
    }
}
