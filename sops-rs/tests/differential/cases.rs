//! What is encrypted and how, made up from a seed.

use std::fs;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use jiff::Timestamp;
use sops::master_key::age::AgeKeys;
use sops::master_key::pgp::PgpKeys;
use sops::{Format, Identity, KeyId, KeyService, Selector};

use crate::documents::{self, Dice};
use crate::generate;
use crate::gnupg::GnuPg;

/// Three identities of age and an OpenPGP key. Both programs have them all.
pub(crate) struct Keys {
    pub(crate) identities: String,
    /// Keyrings as they were before GnuPG 2.1, which both read without running `gpg`.
    pub(crate) rings: GnuPg,
    /// The folder of GnuPG the key comes from.
    pub(crate) home: GnuPg,
    names: Vec<String>,
    age: AgeKeys,
    pgp: PgpKeys,
}

/// The number of the OpenPGP key.
pub(crate) const PGP: usize = 3;

impl Keys {
    pub(crate) fn new() -> Keys {
        let made: Vec<x25519::Identity> = (0..3).map(|_| x25519::Identity::generate()).collect();
        let lines: Vec<String> = made.iter().map(|identity| identity.to_string().expose_secret().to_owned()).collect();
        let identities = lines.join("\n");
        let mut names: Vec<String> = made.iter().map(|identity| identity.to_public().to_string()).collect();
        let age = AgeKeys::new(Identity::parse(&identities).unwrap());
        let home = GnuPg::new();
        names.push(home.generate("one", ("ed25519", "cv25519"), &[]));
        // The time at which the key was just written.
        let now = Timestamp::try_from(fs::metadata(home.path()).unwrap().modified().unwrap()).unwrap();
        let pgp = PgpKeys::from_armored(&home.secret("one")).unwrap().at(now);
        Keys { identities, rings: home.as_of_old(), home, names, age, pgp }
    }

    pub(crate) fn services(&self) -> [&dyn KeyService; 2] {
        [&self.age, &self.pgp]
    }

    /// The recipient or fingerprint.
    pub(crate) fn name(&self, number: usize) -> &str {
        &self.names[number]
    }

    pub(crate) fn id(&self, number: usize) -> KeyId {
        let name = self.names[number].clone();
        if number == PGP { KeyId::Pgp(name) } else { KeyId::Age(name) }
    }

    pub(crate) fn recipients(&self, numbers: &[usize]) -> Vec<&str> {
        numbers.iter().map(|number| self.name(*number)).collect()
    }
}

#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) input: Format,
    /// The format of the encrypted file.
    pub(crate) output: Format,
    /// The format it is decrypted into.
    pub(crate) opened: Format,
    pub(crate) document: Vec<u8>,
    pub(crate) selector: Selector,
    pub(crate) mac_only_encrypted: bool,
    pub(crate) groups: Vec<Vec<usize>>,
    pub(crate) threshold: Option<i64>,
    pub(crate) indent: Option<usize>,
}

impl Case {
    pub(crate) fn new(seed: u64) -> Case {
        let dice = &mut Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x005e_ed0f_ca5e);
        let input = Format::ALL[dice.roll(Format::ALL.len())];
        let output = if dice.percent(70) { input } else { Format::ALL[dice.roll(5)] };
        let opened = if dice.percent(70) { output } else { Format::ALL[dice.roll(5)] };
        let document = document(dice, input, output, opened);
        // What the original forgets and its MAC does not cover would not be missed.
        let forgets = input == Format::Ini && document.windows(2).any(|pair| pair == b"\n-");
        let (groups, threshold) = groups(dice);
        Case {
            seed,
            input,
            output,
            opened,
            document,
            selector: if input == Format::Binary { Selector::none() } else { selector(dice) },
            mac_only_encrypted: input != Format::Binary && !forgets && dice.percent(20),
            groups,
            threshold,
            indent: dice.percent(20).then(|| 1 + dice.roll(9)),
        }
    }

    /// For the report: how much of what.
    pub(crate) fn kind(&self) -> String {
        if self.input == self.output {
            self.input.name().to_owned()
        } else {
            format!("{} to {}", self.input.name(), self.output.name())
        }
    }
}

/// Shapes that the other formats can hold as well are made on purpose: what all refuse says little.
fn document(dice: &mut Dice, input: Format, output: Format, opened: Format) -> Vec<u8> {
    let narrow = [output, opened].into_iter().find(|format| !matches!(format, Format::Yaml | Format::Json));
    let narrow = narrow.filter(|_| dice.percent(85));
    match (input, narrow) {
        // Empty comments of lists are a difference of their own.
        (Format::Yaml, None) => documents::document(dice).replace("#\n", "#e\n").replace("#\r", "#e\r").into_bytes(),
        (Format::Yaml, Some(shape)) => generate::flat_yaml(dice, shape).into_bytes(),
        (Format::Json, shape) => generate::json(dice, shape).into_bytes(),
        (Format::Dotenv, shape) => generate::dotenv(dice, shape),
        (Format::Ini, _) => generate::ini(dice),
        (Format::Binary, _) => generate::bytes(dice),
    }
}

fn selector(dice: &mut Dice) -> Selector {
    const KEYS: [&str; 6] = ["^(data|a|k).*", "[ab]", "1$", "^$", "é|名", "e$"];
    const COMMENTS: [&str; 4] = ["c", "^ ", "x|y", "^ d e$"];
    const SUFFIXES: [&str; 5] = ["_unencrypted", "1", "a", "_enc", "é"];
    match dice.roll(9) {
        0..3 => Selector::default(),
        3 => Selector::UnencryptedSuffix(dice.pick(&SUFFIXES).to_owned()),
        4 => Selector::EncryptedSuffix(dice.pick(&SUFFIXES).to_owned()),
        5 => Selector::UnencryptedRegex(dice.pick(&KEYS).to_owned()),
        6 => Selector::EncryptedRegex(dice.pick(&KEYS).to_owned()),
        // Base64 must not match, or no comment could be encrypted.
        7 => Selector::UnencryptedCommentRegex(dice.pick(&["^ c", " d", "^x$"]).to_owned()),
        _ => Selector::EncryptedCommentRegex(dice.pick(&COMMENTS).to_owned()),
    }
}

fn groups(dice: &mut Dice) -> (Vec<Vec<usize>>, Option<i64>) {
    let one = [vec![0], vec![1], vec![0, 2], vec![2, 1, 0], vec![PGP], vec![1, PGP]];
    match dice.roll(12) {
        0 => (vec![vec![0], vec![1, 2]], None),
        1 => (vec![vec![2], vec![0], vec![1]], Some(2)),
        2 => (vec![vec![1]], Some(1)),
        3 => (vec![vec![PGP], vec![2], vec![0, PGP]], Some(2)),
        _ => (vec![one[dice.roll(one.len())].clone()], None),
    }
}
