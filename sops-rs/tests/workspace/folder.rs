//! A folder of its own for each test, with an age identity, in which programs run without anything of the user's.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret as _;
use tempfile::TempDir;

/// The folder.
pub(crate) struct Folder {
    directory: TempDir,
    /// The public key of the identity in `key.txt`.
    pub(crate) recipient: String,
    /// Further variables of the programs.
    pub(crate) variables: Vec<(String, String)>,
}

/// What a program left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output of a program that must have succeeded.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        String::from_utf8(self.stdout).unwrap()
    }

    /// What is wrong, of a program that must have failed with this code, said as we say it.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stdout.is_empty(), "a failure prints no data");
        assert!(self.stderr.contains("error: "), "{}", self.stderr);
        self.stderr
    }
}

impl Folder {
    pub(crate) fn new() -> Folder {
        let directory = tempfile::tempdir().unwrap();
        let identity = age::x25519::Identity::generate();
        fs::write(directory.path().join("key.txt"), identity.to_string().expose_secret()).unwrap();
        Folder { directory, recipient: identity.to_public().to_string(), variables: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `sops-rs` here.
    pub(crate) fn ours(&self, words: &[&str]) -> Ended {
        self.run(Path::new(env!("CARGO_BIN_EXE_sops-rs")), words, b"")
    }

    /// Runs a program here with this on its standard input.
    pub(crate) fn run(&self, program: &Path, words: &[&str], input: &[u8]) -> Ended {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.directory.path()).env_clear();
        command.env("HOME", self.path("home")).env("SOPS_AGE_KEY_FILE", self.path("key.txt"));
        command.env("SOPS_DISABLE_VERSION_CHECK", "true").envs(self.variables.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that reads nothing closes its end, which is not our failure.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
