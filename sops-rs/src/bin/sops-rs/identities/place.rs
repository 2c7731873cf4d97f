//! A place where identities may be, and what it answered.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use sops::master_key::age::{AgeError, Identity};
use zeroize::Zeroizing;

use super::command;

const KEYS: &str = "sops/age/keys.txt";
/// Larger than the largest key file that is read.
const MAX_FILE: u64 = (1 << 24) + 1;

/// Where to look.
pub(super) enum Place {
    SshFile(&'static str),
    SshCommand(&'static str),
    SshDefault(&'static str),
    Key(&'static str),
    KeyFile(&'static str),
    KeyCommand(&'static str),
    KeysTxt,
}

/// What a place answered. Holds secrets; displayed without them.
#[derive(Clone)]
pub(super) struct Answer {
    place: String,
    outcome: Outcome,
}

#[derive(Clone)]
enum Outcome {
    /// There is no such variable or file.
    Absent(&'static str),
    Found(Vec<Identity>),
    Failed(String),
}

impl Place {
    /// All places, in the order in which they are looked into.
    pub(super) const ALL: [Place; 8] = [
        Place::SshFile("SOPS_AGE_SSH_PRIVATE_KEY_FILE"),
        Place::SshCommand("SOPS_AGE_SSH_PRIVATE_KEY_CMD"),
        Place::SshDefault(".ssh/id_ed25519"),
        Place::SshDefault(".ssh/id_rsa"),
        Place::Key("SOPS_AGE_KEY"),
        Place::KeyFile("SOPS_AGE_KEY_FILE"),
        Place::KeyCommand("SOPS_AGE_KEY_CMD"),
        Place::KeysTxt,
    ];

    /// Whether the answer depends on the recipient.
    pub(super) fn is_command(&self) -> bool {
        matches!(self, Place::SshCommand(_) | Place::KeyCommand(_))
    }

    /// What a place that is no command answers.
    pub(super) fn ask(&self) -> Answer {
        self.ask_for("")
    }

    /// What the place answers about a recipient.
    pub(super) fn ask_for(&self, recipient: &str) -> Answer {
        let (place, outcome) = match *self {
            Place::SshFile(name) => of_variable(name, |value| (ssh_file(Path::new(value)), Some(value.to_owned()))),
            Place::SshCommand(name) => of_variable(name, |line| {
                let answer = command::output(line, recipient).and_then(|pem| ssh(&pem, name));
                (answer.map(|identity| vec![identity]), None)
            }),
            Place::SshDefault(below) => of_file(home().map(|home| home.join(below)), ssh_file),
            Place::Key(name) => of_variable(name, |text| (words(name, text), None)),
            Place::KeyFile(name) => of_variable(name, |value| (key_file(Path::new(value)), Some(value.to_owned()))),
            Place::KeyCommand(name) => of_variable(name, |line| {
                (command::output(line, recipient).and_then(|text| told(Identity::from_file(&text, name))), None)
            }),
            Place::KeysTxt => of_file(configuration().map(|folder| folder.join(KEYS)), key_file),
        };
        Answer { place, outcome }
    }
}

type Found = Result<Vec<Identity>, String>;

impl From<Found> for Outcome {
    fn from(found: Found) -> Outcome {
        found.map_or_else(Outcome::Failed, Outcome::Found)
    }
}

/// The answer of a variable; an empty one is as none. Names the file of a variable that names a file.
fn of_variable(name: &str, read: impl FnOnce(&str) -> (Found, Option<String>)) -> (String, Outcome) {
    match env::var(name) {
        Ok(value) if !value.is_empty() => {
            let value = Zeroizing::new(value);
            let (found, file) = read(&value);
            (file.map_or_else(|| name.to_owned(), |file| format!("{name} ({file})")), found.into())
        }
        Err(env::VarError::NotUnicode(_)) => (name.to_owned(), Outcome::Failed("it is not UTF-8".to_owned())),
        _ => (name.to_owned(), Outcome::Absent("not set")),
    }
}

fn of_file(path: Option<PathBuf>, read: impl FnOnce(&Path) -> Found) -> (String, Outcome) {
    let Some(path) = path else { return ("the home folder".to_owned(), Outcome::Absent("not known")) };
    let absent = matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound);
    let outcome = if absent { Outcome::Absent("not there") } else { read(&path).into() };
    (path.display().to_string(), outcome)
}

/// The variable may hold several identities in one line.
fn words(name: &str, text: &str) -> Found {
    if text.starts_with("age-encryption") || text.starts_with("-----BEGIN AGE") {
        return told(Identity::from_file(text.as_bytes(), name));
    }
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let keys = Zeroizing::new(lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join("\n"));
    told(Identity::parse(&keys))
}

fn key_file(path: &Path) -> Found {
    let contents = read(path)?;
    told(Identity::from_file(&contents, &path.display().to_string()))
}

fn ssh_file(path: &Path) -> Found {
    let pem = read(path)?;
    ssh(&pem, &path.display().to_string()).map(|identity| vec![identity])
}

fn ssh(pem: &[u8], name: &str) -> Result<Identity, String> {
    told(Identity::from_ssh(pem, name))
}

fn told<T>(result: Result<T, AgeError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut contents = Zeroizing::new(Vec::new());
    let result = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut contents));
    result.map(|_| contents).map_err(|error: io::Error| format!("could not be read: {error}"))
}

fn home() -> Option<PathBuf> {
    set(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// The configuration folder of the user.
fn configuration() -> Option<PathBuf> {
    if cfg!(windows) {
        return set("AppData");
    }
    set("XDG_CONFIG_HOME").or_else(|| {
        let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        home().map(|home| home.join(below))
    })
}

fn set(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

impl Answer {
    pub(super) fn identities(&self) -> &[Identity] {
        match &self.outcome {
            Outcome::Found(identities) => identities,
            _ => &[],
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.place)?;
        match &self.outcome {
            Outcome::Absent(why) => out.write_str(why),
            Outcome::Failed(why) => out.write_str(why),
            Outcome::Found(identities) if identities.is_empty() => out.write_str("holds no identity"),
            Outcome::Found(identities) => {
                let names = identities.iter().map(|identity| match identity.recipient() {
                    Some(recipient) => format!("the identity of {}", shortened(&recipient.to_string())),
                    None => identity.kind().to_owned(),
                });
                out.write_str(&names.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A post-quantum recipient has 1,959 characters: enough of it to be told from others.
fn shortened(recipient: &str) -> String {
    match recipient.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &recipient[..end]),
        None => recipient.to_owned(),
    }
}
