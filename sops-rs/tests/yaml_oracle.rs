//! Reading and writing YAML beside `sops` 3.13.3, byte for byte. With a selector that matches nothing `sops encrypt` writes what it
//! read, in clear, and `sops decrypt` the same without its metadata: each document is its own test of where comments end up, how
//! scalars are typed and how all of it is written.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "yaml_oracle/documents.rs"]
mod documents;
#[path = "workspace/peer.rs"]
mod peer;

use std::fs;
use std::process::Command;

use documents::{Dice, document};
use peer::peer;
use sops::format::yaml::{self, YamlError};
use sops::tree::{Branch, Entry, Item, Value};
use tempfile::TempDir;

/// Documents in one run of `sops`, and the indent of each run.
const DOCUMENTS: usize = 500;
const INDENTS: [usize; 6] = [4, 4, 4, 2, 3, 9];

/// `sops` in a folder of its own.
struct Oracle {
    folder: TempDir,
    recipient: String,
    indent: usize,
}

impl Oracle {
    fn new(indent: usize) -> Oracle {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new(peer("age-keygen")).output().unwrap();
        let key = String::from_utf8(made.stdout).unwrap();
        let recipient = key.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
        fs::write(folder.path().join("key.txt"), key).unwrap();
        Oracle { folder, recipient, indent }
    }

    /// What `sops` prints, or its error.
    fn sops(&self, words: &[&str], input: &str) -> Result<Vec<u8>, String> {
        fs::write(self.folder.path().join("in.yaml"), input).unwrap();
        let mut command = Command::new(peer("sops"));
        command.args(words).args(["--indent", &self.indent.to_string(), "in.yaml"]).current_dir(self.folder.path());
        command.env("SOPS_AGE_KEY_FILE", self.folder.path().join("key.txt")).env("SOPS_DISABLE_VERSION_CHECK", "true");
        let ended = command.output().unwrap();
        if ended.status.success() { Ok(ended.stdout) } else { Err(String::from_utf8_lossy(&ended.stderr).into_owned()) }
    }

    fn encrypt(&self, input: &str) -> Result<String, String> {
        let words = ["--encrypt", "--age", &self.recipient, "--encrypted-regex", "^nothing matches this$"];
        self.sops(&words, input).map(|output| String::from_utf8(output).unwrap())
    }
}

/// The two differ, or `sops` refuses what we read.
struct Difference {
    ours: String,
    theirs: String,
}

/// Compares one file both ways: as `sops` encrypts it, and as it decrypts what it encrypted.
fn compare(oracle: &Oracle, input: &str) -> Result<(), Difference> {
    let refused = |error: String| Difference { ours: "accepted".to_owned(), theirs: error };
    let mut ours = yaml::load(input.as_bytes()).unwrap();
    let again = yaml::load(&yaml::emit(&ours, oracle.indent).unwrap()).unwrap();
    assert!(values(&again) == values(&ours), "what we write does not read back the same: {input}");
    let encrypted = oracle.encrypt(input).map_err(refused)?;
    let mut reread = yaml::load(encrypted.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{encrypted}"));
    for (branch, read) in ours.iter_mut().zip(&reread) {
        // It stands last in every document.
        let metadata = read.0.iter().rev().find(|entry| matches!(entry, Entry::Pair(key, _) if key == "sops"));
        let mut metadata = Branch(vec![metadata.unwrap().clone()]);
        // A comment below the last pair of the document is written within the metadata. There are no numbers in it.
        strip(&mut metadata);
        branch.0.append(&mut metadata.0);
    }
    same(&ours, &encrypted, oracle.indent)?;
    for branch in &mut reread {
        branch.0.retain(|entry| !matches!(entry, Entry::Pair(key, _) if key == "sops"));
    }
    let decrypted = oracle.sops(&["--decrypt"], &encrypted).map_err(refused)?;
    same(&reread, &String::from_utf8(decrypted).unwrap(), oracle.indent)
}

/// The documents without their comments, and with numbers as they are written: `1.0` comes back as `1`, in `sops` as well.
fn values(documents: &[Branch]) -> Vec<Branch> {
    let mut documents = documents.to_vec();
    documents.iter_mut().for_each(strip);
    documents
}

fn strip(branch: &mut Branch) {
    branch.0.retain(|entry| matches!(entry, Entry::Pair(..)));
    for entry in &mut branch.0 {
        if let Entry::Pair(_, value) = entry {
            strip_value(value);
        }
    }
}

fn strip_value(value: &mut Value) {
    match value {
        Value::Map(branch) => strip(branch),
        Value::List(items) => {
            items.retain(|item| matches!(item, Item::Value(_)));
            for item in items {
                if let Item::Value(value) = item {
                    strip_value(value);
                }
            }
        }
        Value::Int(number) => *value = Value::Str(number.to_string()),
        Value::Float(number) => *value = Value::Str(number.to_string()),
        _ => {}
    }
}

fn same(ours: &[Branch], theirs: &str, indent: usize) -> Result<(), Difference> {
    let ours = String::from_utf8(yaml::emit(ours, indent).unwrap()).unwrap();
    if ours == theirs { Ok(()) } else { Err(Difference { ours, theirs: theirs.to_owned() }) }
}

fn joined(documents: &[String]) -> String {
    documents.iter().flat_map(|document| ["---\n", document, "\n"]).collect()
}

/// Halves the documents of a file that differs until one is left, then drops its lines one by one.
#[track_caller]
fn report(oracle: &Oracle, documents: &[String]) -> ! {
    let mut rest = documents;
    while rest.len() > 1 {
        let (first, second) = rest.split_at(rest.len() / 2);
        rest = if compare(oracle, &joined(first)).is_err() { first } else { second };
    }
    let mut smallest = rest[0].clone();
    let mut line = 0;
    while line < smallest.lines().count() {
        let shorter: String =
            smallest.split_inclusive('\n').enumerate().filter(|(at, _)| *at != line).map(|(_, text)| text).collect();
        if yaml::load(shorter.as_bytes()).is_ok_and(|read| !read.is_empty()) && compare(oracle, &shorter).is_err() {
            smallest = shorter;
        } else {
            line += 1;
        }
    }
    // Comments that wait at the end of one document may reach the next: then it takes both.
    let found = compare(oracle, &smallest).err().map_or_else(|| compare(oracle, &joined(documents)), Err);
    let Err(Difference { ours, theirs }) = found else { panic!("differs only sometimes") };
    let line = ours.lines().zip(theirs.lines()).position(|(ours, theirs)| ours != theirs).unwrap_or(0);
    let near = |text: &str| text.lines().skip(line.saturating_sub(20)).take(30).collect::<Vec<_>>().join("\n");
    panic!("the smallest case:\n{smallest}\n{smallest:?}\nours:\n{}\ntheirs:\n{}", near(&ours), near(&theirs))
}

#[test]
fn thousands_of_documents_are_read_and_written_as_sops_does() {
    let (mut compared, mut refused) = (0, 0);
    for (seed, indent) in (0..).zip(INDENTS) {
        let oracle = Oracle::new(indent);
        let mut dice = Dice(seed);
        let mut documents = Vec::new();
        while documents.len() < DOCUMENTS {
            let made = document(&mut dice);
            match yaml::load(made.as_bytes()) {
                Ok(_) => documents.push(made),
                Err(_) => refused += 1,
            }
        }
        if compare(&oracle, &joined(&documents)).is_err() {
            report(&oracle, &documents);
        }
        compared += documents.len();
    }
    assert!(compared > 2 * refused, "{compared} documents compared, {refused} not well-formed: the generator is off");
}

/// A first document is held to rules that later ones are not, so each of these is a file.
#[test]
fn what_we_refuse_sops_refuses() {
    let oracle = Oracle::new(4);
    let cases = [
        ("a: 1\na: 2\n", YamlError::DuplicateKey { line: 2 }),
        ("x:\n  - a: 1\n    b: 2\n    a: 3\n", YamlError::DuplicateKey { line: 4 }),
        ("1: a\n", YamlError::KeyNotString { line: 1 }),
        ("true: a\n", YamlError::KeyNotString { line: 1 }),
        ("2024-01-01: a\n", YamlError::KeyNotString { line: 1 }),
        ("[a]: b\n", YamlError::KeyNotString { line: 1 }),
        ("- a\n", YamlError::NotAMapping { line: 1 }),
        ("text\n", YamlError::NotAMapping { line: 1 }),
        ("# only\n\n# comments\n", YamlError::NoDocument),
        ("\n\n", YamlError::NoDocument),
        ("a: 12345678901234567890\n", YamlError::IntegerTooLarge { line: 1 }),
        ("a: !!int x\n", YamlError::WrongTag { line: 1 }),
        ("a: !!binary '*'\n", YamlError::WrongTag { line: 1 }),
        ("<<: 1\n", YamlError::Merge { line: 1 }),
        ("a: *b\n", YamlError::Alias { line: 1 }),
        ("a: &b [*b]\n", YamlError::Alias { line: 1 }),
    ];
    for (input, error) in cases {
        assert_eq!(yaml::load(input.as_bytes()).err(), Some(error), "{input:?}");
        assert!(oracle.encrypt(input).is_err(), "sops accepts {input:?}");
    }
    for input in [
        "a: [b\n",
        "a: b: c\n",
        "a:\n\t- b\n",
        "a: \"b\n",
        "a: {b}}\n",
        "  a: 1\n b: 2\n",
        "%YAML 1.1\n%YAML 1.1\n---\na: 1\n",
        "%TAG !e! a\n%TAG !e! b\n---\na: 1\n",
        "%TAG !e!\n---\na: 1\n",
        "%YAML 1.1\na: 1\n",
    ] {
        assert!(matches!(yaml::load(input.as_bytes()), Err(YamlError::Syntax { .. })), "{input:?}");
        assert!(oracle.encrypt(input).is_err(), "sops accepts {input:?}");
    }
    for input in ["%YAML 1.2\n---\na: 1\n", "%yaml 1.1\n---\na: 1\n", "a: 1\n%b: 2\n", "---\n%b: 2\n"] {
        assert!(matches!(yaml::load(input.as_bytes()), Err(YamlError::Unsupported { .. })), "{input:?}");
        assert!(oracle.encrypt(input).is_err(), "sops accepts {input:?}");
    }
}

/// Later documents may repeat keys; aliases reach back over documents; merge keys are not applied.
#[test]
fn odd_documents_are_read_as_sops_does() {
    let oracle = Oracle::new(4);
    let cases = [
        "",
        "{}\n",
        "---\n---\na: 1\n",
        "--- # c\n# d\n---\n",
        "a: &x 1\n---\nb: *x\n",
        "a: 1\n---\nb: 1\nb: 2\n",
        "base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\nmany:\n  <<: [*b, *b]\n",
        "%YAML 1.1\n%TAG !e! tag:example.com,2000:\n---\na: !e!b c\n",
        "%TAG !! tag:a\n%YAML 01.1 # c\n---\na: !!str 1\nb: !b 2\n...\n%TAG ! !\n---\na: !c 3\n",
        "\n%YAML 1.1\n# c\n\n# d\n---\n# e\na: 1\nb: 2\n",
        "%YAML 1.1\n# c\n\n---\na: 1\nb: 2\n",
        "a: 1\n...\n# between\n---\n# above\n\nb: 2\n...\n# below\n",
        "\u{feff}# marked\na: 1\n",
        "a: 'x\n\n  y'\nb: \"x\\\n  y\"\nc: >\n  x\n  y\n\n    z\n",
    ];
    for input in cases.into_iter().filter(|input| !input.is_empty()) {
        if let Err(Difference { ours, theirs }) = compare(&oracle, input) {
            panic!("{input:?}\nours:\n{ours}\ntheirs:\n{theirs}");
        }
    }
    assert!(yaml::load(b"").unwrap().is_empty());
}

/// Where `sops` writes what it cannot read back, we write what both can.
#[test]
fn texts_that_sops_loses_are_kept() {
    let oracle = Oracle::new(4);
    let cases = [
        ("a: \"\\tx\\ny\"\n", "a: \"\\tx\\ny\"\n"),
        ("a:\n    - \" x\\ny\"\n", "a:\n    - |2-\n       x\n      y\n"),
        ("a:\n    - b: \"\\nx\"\n", "a:\n    - b: |2-\n\n        x\n"),
        ("a:\n    - {b} # c\n    - []\n", "a:\n    - b: null\n    - [] # c\n"),
        ("a:\n    - [b] # c\nd: {}\n", "a:\n    - - b\nd: {} # c\n"),
        ("a: ! # b\n  \"x\\n\" # c\n", "a: | # b # c\n    x\n"),
    ];
    for (input, written) in cases {
        let tree = yaml::load(input.as_bytes()).unwrap();
        let ours = String::from_utf8(yaml::emit(&tree, 4).unwrap()).unwrap();
        assert_eq!(ours, written);
        let again = yaml::load(ours.as_bytes()).unwrap();
        assert!(values(&again) == values(&tree), "we read back what we wrote");
        let theirs = oracle.encrypt(input).unwrap();
        let kept = yaml::load(theirs.as_bytes()).is_ok_and(|read| values(&read)[0].0.starts_with(&values(&tree)[0].0));
        assert!(!kept, "sops has learnt this: {theirs}");
        // Ciphertext has one line: sops reads ours and returns it as JSON.
        let encrypted = oracle.sops(&["--encrypt", "--age", &oracle.recipient], &ours).unwrap();
        let encrypted = String::from_utf8(encrypted).unwrap();
        oracle.sops(&["--decrypt", "--output-type", "json"], &encrypted).unwrap();
    }
}
