//! A handful of files of 1 to 20 MB, both ways as all others.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use sops::Format;

use crate::documents::Dice;
use crate::folder::Folder;
use crate::peer::peer;
use crate::setting;
use crate::verdict::{comparable, same};

/// No program takes longer for one of them, in a build without optimisation on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// 100,000 values in groups of ten.
fn yaml_of_many_values() -> String {
    let mut out = String::new();
    for group in 0..10_000 {
        write!(out, "# group {group}\ngroup{group}:\n").unwrap();
        for number in 0..10 {
            writeln!(out, "    key{number}: value {number} of group {group}, with some text behind it").unwrap();
        }
    }
    out
}

/// As deep as JSON may be, and a list of texts at every level.
fn deep_json() -> String {
    let levels = 120;
    let texts = format!("[{}]", ["\"some text within\""; 40].join(","));
    let mut out = String::new();
    (0..levels).for_each(|level| write!(out, "{{\"texts{level}\":{texts},\"below\":").unwrap());
    out + "1" + &"}".repeat(levels)
}

fn deep_yaml() -> String {
    let levels = 240;
    let mut out = String::new();
    for level in 0..levels {
        let pad = "    ".repeat(level);
        write!(out, "{pad}# level {level}\n{pad}text: {}\n{pad}below:\n", "x".repeat(5_000)).unwrap();
    }
    writeln!(out, "{}end: 1", "    ".repeat(levels)).unwrap();
    out
}

fn lines(count: usize, sign: &str) -> String {
    let mut out = String::new();
    (0..count).for_each(|number| writeln!(out, "KEY{number:06}{sign}value {number} with some text behind it").unwrap());
    out
}

fn text(length: usize) -> String {
    "some text, é and 名 ".chars().cycle().take(length).collect()
}

fn bytes() -> Vec<u8> {
    let dice = &mut Dice(20);
    (0..20 << 20).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect()
}

/// What it is, its format, how it is made, and whether it takes so long that it is left to `SOPS_HUGE=1`.
type Huge = (&'static str, Format, fn() -> Vec<u8>, bool);

const FILES: [Huge; 8] = [
    ("100,000 values", Format::Yaml, || yaml_of_many_values().into(), true),
    ("240 levels", Format::Yaml, || deep_yaml().into(), false),
    ("a value of 10 MB", Format::Yaml, || format!("a: 1\nb: {}.\n", text(8 << 20)).into(), true),
    ("120 levels", Format::Json, || deep_json().into(), false),
    ("a value of 10 MB", Format::Json, || format!("{{\"a\": 1, \"b\": \"{}\"}}", text(8 << 20)).into(), true),
    ("100,000 values", Format::Dotenv, || lines(100_000, "=").into(), false),
    // The original takes minutes for more.
    ("10,000 values", Format::Ini, || format!("[s]\n{}", lines(10_000, " = ")).into(), true),
    ("20 MB", Format::Binary, bytes, true),
];

/// Encrypts with one program and decrypts with the other: both files.
fn through(folder: &Folder, (first, second): (&str, &str), format: Format) -> [Vec<u8>; 2] {
    let run = |program: &str, words: &[&str]| {
        let begun = Instant::now();
        let ended = if program == "sops" { folder.run(&peer("sops"), words, b"") } else { folder.ours(words) };
        assert_eq!(ended.code, 0, "{program} {words:?}: {}", ended.stderr);
        assert!(begun.elapsed() < LIMIT, "{program} {words:?} took {:?}", begun.elapsed());
        ended.stdout
    };
    let types = ["--input-type", format.name(), "--output-type", format.name()];
    let encrypted = run(first, &[["-e", "--age", &folder.recipient].as_slice(), &types, &["plain"]].concat());
    let name = format!("by-{first}");
    folder.write(&name, &encrypted);
    let decrypted = run(second, &[["-d"].as_slice(), &types, &[&name]].concat());
    [encrypted, decrypted]
}

#[test]
fn large_files_go_both_ways() {
    for (what, format, make, takes_long) in FILES {
        if takes_long && setting("SOPS_HUGE", 0) == 0 {
            continue;
        }
        let document = make();
        let begun = Instant::now();
        let folder = Folder::new();
        folder.write("plain", &document);
        let [ours, theirs] = thread::scope(|scope| {
            let both = [("sops-rs", "sops"), ("sops", "sops-rs")];
            let folder = &folder;
            both.map(|programs| scope.spawn(move || through(folder, programs, format))).map(|run| run.join().unwrap())
        });
        let about = format!("{what} of {}", format.name());
        same(&about, &comparable(format, &ours[0]), &comparable(format, &theirs[0])).unwrap();
        assert!(ours[1] == theirs[1], "{about}: the plaintexts differ");
        // JSON comes back with another indent.
        assert!(format == Format::Json || ours[1] == document, "{about}: it is not what it was");
        println!("{about}: {} ms", begun.elapsed().as_millis());
    }
}
