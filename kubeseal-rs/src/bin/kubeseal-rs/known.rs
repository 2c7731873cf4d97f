//! What the user of this machine has sealed: which ciphertext holds which value, so that sealing the same value again can keep
//! the ciphertext that is there, and a diff shows what changed.
//!
//! A ciphertext itself never tells whether two values are equal, and must not: anybody who reads a repository could then test
//! guesses. The answer is kept on this machine only, as an HMAC under a key of this machine. Whoever reads both, key and
//! entries, can test guesses against them, as can whoever reads the plaintext files that are sealed here; nobody else can.
//! Nothing is lost when the cache is: values are sealed anew then.
//!
//! ```text
//! key      32 random bytes
//! entries  32 bytes each: HMAC-SHA256(key, what ‖ for each part: length as 8 bytes, big endian ‖ part)
//! ```

use std::collections::HashSet;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use kubeseal::Certificate;
use zeroize::Zeroizing;

const LENGTH: usize = 32;
/// Beyond it the older half is forgotten: 8 MiB.
const MAXIMUM_ENTRIES: usize = 262_144;
/// A ciphertext holds a value.
const HOLDS: &[u8] = b"kubeseal-rs holds 1";
/// A ciphertext was made for a certificate.
const SEALED_FOR: &[u8] = b"kubeseal-rs sealed for 1";

type Entry = [u8; LENGTH];

/// What is known. A cache that cannot be read or written knows nothing, and is no reason to fail.
pub(crate) struct Known {
    store: Option<Store>,
}

struct Store {
    folder: PathBuf,
    key: Key,
    bytes: Zeroizing<[u8; LENGTH]>,
    entries: HashSet<Entry>,
    /// Not written yet, in order.
    new: Vec<Entry>,
}

impl Known {
    /// The cache of the user: `$XDG_CACHE_HOME/kubeseal-rs`, otherwise `~/.cache/kubeseal-rs`.
    pub(crate) fn open() -> Known {
        let folder = folder();
        Known { store: folder.and_then(|folder| Store::open(folder).ok()) }
    }

    /// No cache: nothing is known and nothing remembered.
    pub(crate) fn none() -> Known {
        Known { store: None }
    }

    /// Whether `ciphertext`, as it stands in `spec.encryptedData`, holds `plaintext` under `label`, sealed for `certificate`.
    pub(crate) fn holds(&self, certificate: &Certificate, label: &[u8], ciphertext: &str, plaintext: &[u8]) -> bool {
        let parts = [label, certificate.fingerprint().as_bytes(), ciphertext.as_bytes(), plaintext];
        self.store.as_ref().is_some_and(|store| store.entries.contains(&store.entry(HOLDS, &parts)))
    }

    /// Whether `ciphertext` was sealed for `certificate`, by whatever this user has sealed or moved.
    pub(crate) fn is_sealed_for(&self, certificate: &Certificate, ciphertext: &str) -> bool {
        let parts = [certificate.fingerprint().as_bytes(), ciphertext.as_bytes()];
        self.store.as_ref().is_some_and(|store| store.entries.contains(&store.entry(SEALED_FOR, &parts)))
    }

    /// Remembers that it does.
    pub(crate) fn remember(&mut self, certificate: &Certificate, label: &[u8], ciphertext: &str, plaintext: &[u8]) {
        let parts = [label, certificate.fingerprint().as_bytes(), ciphertext.as_bytes(), plaintext];
        if let Some(store) = &mut self.store {
            store.add(store.entry(HOLDS, &parts));
        }
        self.remember_sealed_for(certificate, ciphertext);
    }

    /// Remembers that a ciphertext was sealed for a certificate; the value in it need not be known.
    pub(crate) fn remember_sealed_for(&mut self, certificate: &Certificate, ciphertext: &str) {
        let parts = [certificate.fingerprint().as_bytes(), ciphertext.as_bytes()];
        if let Some(store) = &mut self.store {
            store.add(store.entry(SEALED_FOR, &parts));
        }
    }

    /// Writes what was remembered. To be called when the ciphertexts themselves are safe.
    pub(crate) fn save(&mut self) {
        if let Some(store) = &mut self.store {
            // The next run seals anew what could not be remembered.
            let _ = store.save();
        }
    }
}

fn folder() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).filter(|path| path.is_absolute());
    Some(cache?.join("kubeseal-rs"))
}

impl Store {
    /// Writes nothing yet: who only asks leaves no trace.
    fn open(folder: PathBuf) -> io::Result<Store> {
        let bytes = if let Some(written) = written_key(&folder)? {
            written
        } else {
            let mut fresh = Zeroizing::new([0; LENGTH]);
            SystemRandom::new().fill(fresh.as_mut_slice()).map_err(|_| io::Error::other("no random bytes"))?;
            fresh
        };
        let entries = match fs::read(folder.join("entries")) {
            Ok(bytes) => bytes.as_chunks::<LENGTH>().0.iter().copied().collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashSet::new(),
            Err(error) => return Err(error),
        };
        Ok(Store { folder, key: Key::new(HMAC_SHA256, bytes.as_slice()), bytes, entries, new: Vec::new() })
    }

    fn entry(&self, what: &[u8], parts: &[&[u8]]) -> Entry {
        let mut context = Context::with_key(&self.key);
        context.update(what);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut entry = [0; LENGTH];
        entry.copy_from_slice(context.sign().as_ref());
        entry
    }

    fn add(&mut self, entry: Entry) {
        if self.entries.insert(entry) {
            self.new.push(entry);
        }
    }

    /// Appends in one write, so that two programs do not cut each other's entries in two.
    fn save(&mut self) -> io::Result<()> {
        let new = std::mem::take(&mut self.new).concat();
        if new.is_empty() {
            return Ok(());
        }
        make_private(&self.folder)?;
        if !self.keep_key()? {
            return Ok(());
        }
        let path = self.folder.join("entries");
        let mut file = private_file(File::options().append(true).create(true), &path)?;
        file.write_all(&new)?;
        if self.entries.len() > MAXIMUM_ENTRIES {
            self.forget_older_half(&path)?;
        }
        Ok(())
    }

    /// Writes the key when there is none; whole or not at all. Of two programs that start at once the first one's counts, and what
    /// the other has remembered says nothing.
    fn keep_key(&self) -> io::Result<bool> {
        if let Some(written) = written_key(&self.folder)? {
            return Ok(written == self.bytes);
        }
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(self.bytes.as_slice())?;
        Ok(file.persist_noclobber(self.folder.join("key")).is_ok())
    }

    fn forget_older_half(&self, path: &Path) -> io::Result<()> {
        let bytes = fs::read(path)?;
        let entries = bytes.as_chunks::<LENGTH>().0;
        let mut shorter = tempfile::NamedTempFile::new_in(&self.folder)?;
        shorter.write_all(entries[entries.len() / 2..].as_flattened())?;
        shorter.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

/// The key of this machine, if it has one.
fn written_key(folder: &Path) -> io::Result<Option<Zeroizing<[u8; LENGTH]>>> {
    let mut file = match File::open(folder.join("key")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Zeroizing::new([0; LENGTH]);
    file.read_exact(bytes.as_mut_slice())?;
    Ok(Some(bytes))
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        }
        created => created,
    }
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn private_file(options: &mut fs::OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(options: &mut fs::OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[cfg(test)]
mod tests;
