//! Key pairs in folders, made by `age-keygen` and `ssh-keygen`.

use std::fs;
use std::process::Command;

use sops::master_key::age::Identity;
use tempfile::TempDir;

use crate::peer::peer;

/// A key pair in a folder: `secret`, and `secret.pub` for SSH keys.
pub(crate) struct Pair {
    folder: TempDir,
    pub(crate) recipient: String,
    pub(crate) identity: Identity,
}

impl Pair {
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn secret(&self) -> String {
        fs::read_to_string(self.path("secret")).unwrap()
    }

    /// The line of the secret key in the file of `age-keygen`.
    pub(crate) fn secret_line(&self) -> String {
        self.secret().lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap().to_owned()
    }

    /// A pair of age's own: `-pq` makes it a post-quantum one.
    pub(crate) fn native(flags: &[&str]) -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let text = stdout(Command::new(peer("age-keygen")).args(flags));
        fs::write(folder.path().join("secret"), &text).unwrap();
        let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
        let identity = Identity::parse(&text).unwrap().remove(0);
        Pair { folder, recipient, identity }
    }

    /// An SSH key pair with the comment `alice@example.org`.
    pub(crate) fn ssh(flags: &[&str], passphrase: &str) -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-C", "alice@example.org", "-N", passphrase]).args(flags).arg("-f").arg(&path);
        stdout(&mut command);
        let recipient = fs::read_to_string(path.with_extension("pub")).unwrap().trim_end().to_owned();
        let identity = Identity::from_ssh(&fs::read(&path).unwrap(), "secret").unwrap();
        Pair { folder, recipient, identity }
    }
}

impl Pair {
    /// An ed25519 key in PKCS #8, which `ssh-keygen` does not write.
    pub(crate) fn ed25519_in_pkcs8() -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        stdout(Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&path));
        let identity = Identity::from_ssh(&fs::read(&path).unwrap(), "secret").unwrap();
        Pair { folder, recipient: identity.recipient().unwrap().to_string(), identity }
    }
}

/// What a program prints that must succeed.
#[track_caller]
pub(crate) fn stdout(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The report on a data key with the lines of an answer joined again.
pub(crate) fn unwrapped(report: &str) -> String {
    regex::Regex::new(r"\n *\| ").unwrap().replace_all(report, " ").into_owned()
}
