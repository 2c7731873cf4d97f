//! The same cases through the programs `sops` and `sops-rs`, as people run them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sops::{Format, Selector};

use crate::cases::{Case, Keys, PGP};
use crate::folder::{Ended, Folder};
use crate::gnupg;
use crate::oracle::Oracle;
use crate::peer::peer;
use crate::verdict::{self, Outcome, Verdict, comparable, same};
use crate::{print, run, setting};

/// Seeds that are tried; the programs get those whose files both can write and open.
const SEEDS: u64 = 760;
const LEAST: u64 = 500;

#[test]
fn the_programs_agree() {
    let counts = run(setting("SOPS_PROCESS_SEED", 1 << 32), setting("SOPS_PROCESS_CASES", SEEDS), compare);
    let sums = print("by the programs", &counts);
    assert!(sums.get(&Outcome::Same).copied().unwrap_or_default() >= LEAST, "{sums:?}");
}

/// Both encrypt, the files are alike, and each opens that of the other to what the original makes of its own.
fn compare(oracle: &mut Oracle, keys: &Keys, case: &Case) -> Verdict {
    match verdict::compare(oracle, keys, case) {
        Ok(Outcome::Same) => {}
        other => return other,
    }
    let desk = Desk::new(keys, case);
    let words = desk.encrypting(keys, case);
    let theirs = desk.run(&peer("sops"), &words)?;
    let ours = desk.run(&desk.ours, &[words, vec!["--allow-unencrypted".to_owned()]].concat())?;
    let [our_file, their_file] = [&ours, &theirs].map(|file| comparable(case.output, file));
    same("the encrypted file", &our_file, &their_file)?;
    let expected = oracle.decrypt(&theirs, case.output, case.opened)?;
    let expected = comparable(case.opened, &expected);
    for (what, program, file) in [("their file", &desk.ours, &theirs), ("our file", &peer("sops"), &ours)] {
        let opened = desk.run(program, &desk.decrypting(case, file))?;
        same(&format!("{what}, opened by the other"), &comparable(case.opened, &opened), &expected)?;
    }
    Ok(Outcome::Same)
}

/// A folder with the keys and the file of a case.
struct Desk {
    folder: Folder,
    ours: PathBuf,
    /// Whether the formats are said or told by the names of the files.
    says_formats: bool,
}

impl Desk {
    fn new(keys: &Keys, case: &Case) -> Desk {
        let folder = gnupg::folder(&keys.home);
        folder.write("key.txt", &keys.identities);
        folder.write(&name("plain", case.input), &case.document);
        let ours = Path::new(env!("CARGO_BIN_EXE_sops-rs")).to_owned();
        Desk { folder, ours, says_formats: case.seed.is_multiple_of(2) }
    }

    fn run(&self, program: &Path, words: &[String]) -> Result<Vec<u8>, String> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Ended { code, stdout, stderr } = self.folder.run(program, &words, b"");
        if code == 0 { Ok(stdout) } else { Err(format!("{} {words:?} ended with {code}: {stderr}", program.display())) }
    }

    fn encrypting(&self, keys: &Keys, case: &Case) -> Vec<String> {
        let mut words = vec!["-e".to_owned()];
        match &case.groups[..] {
            [group] if case.threshold.is_none() => {
                for (flag, is_pgp) in [("--age", false), ("--pgp", true)] {
                    let names = group.iter().filter(|number| (**number == PGP) == is_pgp);
                    let names: Vec<&str> = names.map(|number| keys.name(*number)).collect();
                    if !names.is_empty() {
                        words.extend([flag.to_owned(), names.join(",")]);
                    }
                }
            }
            _ => {
                self.folder.write("rules.yaml", rules(keys, case));
                words.extend(["--config", "rules.yaml"].map(str::to_owned));
            }
        }
        if case.selector != Selector::default() && case.selector != Selector::none() {
            words.extend([format!("--{}", case.selector.name().replace('_', "-")), case.selector.text().to_owned()]);
        }
        words.extend(case.mac_only_encrypted.then(|| "--mac-only-encrypted".to_owned()));
        words.extend(case.indent.map(|indent| format!("--indent={indent}")));
        self.formats(case.input, case.output, &mut words);
        words.push(name("plain", case.input));
        words
    }

    fn decrypting(&self, case: &Case, file: &[u8]) -> Vec<String> {
        let name = name("secret", case.output);
        self.folder.write(&name, file);
        let mut words = vec!["-d".to_owned()];
        self.formats(case.output, case.opened, &mut words);
        words.push(name);
        words
    }

    fn formats(&self, input: Format, output: Format, words: &mut Vec<String>) {
        if self.says_formats {
            words.extend(["--input-type".to_owned(), input.name().to_owned()]);
        }
        if self.says_formats || input != output {
            words.extend(["--output-type".to_owned(), output.name().to_owned()]);
        }
    }
}

fn name(stem: &str, format: Format) -> String {
    let ending = match format {
        Format::Dotenv => "env",
        Format::Binary => "bin",
        other => other.name(),
    };
    format!("{stem}.{ending}")
}

/// Key groups are said by the configuration only.
fn rules(keys: &Keys, case: &Case) -> String {
    let mut out = "creation_rules:\n  - key_groups:\n".to_owned();
    for group in &case.groups {
        out.push_str("      - {");
        for (field, is_pgp) in [("age", false), ("pgp", true)] {
            let names = group.iter().filter(|number| (**number == PGP) == is_pgp);
            let names: Vec<&str> = names.map(|number| keys.name(*number)).collect();
            let comma = if is_pgp { "}\n" } else { ", " };
            write!(out, "{field}: [{}]{comma}", names.join(", ")).unwrap();
        }
    }
    if let Some(threshold) = case.threshold {
        writeln!(out, "    shamir_threshold: {threshold}").unwrap();
    }
    out
}
