//! Writing the result: to standard output, or to a file that is replaced as a whole or not at all.

#[cfg(unix)]
use std::fs::Permissions;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;

use crate::args::Flags;
use crate::failure::{Failure, code};

/// Who may read a new file.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Secrecy {
    /// Its owner.
    Plaintext,
    /// Whom the umask lets.
    Ciphertext,
}

/// Writes where the flags say.
pub(crate) fn write(flags: &Flags, bytes: &[u8], secrecy: Secrecy) -> Result<(), Failure> {
    let target = if flags.in_place { flags.file.as_deref() } else { flags.output.as_deref() };
    let Some(target) = target else {
        let mut out = io::stdout().lock();
        return Ok(out.write_all(bytes).and_then(|()| out.flush())?);
    };
    to_file(target, bytes, secrecy)
        .map_err(|error| Failure::new(code::NOT_WRITTEN, format!("{} could not be written: {error}", target.display())))
}

fn to_file(target: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
    // A link is followed: what it points to is replaced.
    let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return File::options().write(true).open(&target)?.write_all(bytes);
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(".sops-rs-");
    if old.is_none() {
        permit(&mut builder, secrecy);
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(old) = &old {
        keep(old, file.as_file())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn permit(builder: &mut Builder<'_, '_>, secrecy: Secrecy) {
    use std::os::unix::fs::PermissionsExt as _;

    builder.permissions(Permissions::from_mode(if secrecy == Secrecy::Plaintext { 0o600 } else { 0o666 }));
}

#[cfg(not(unix))]
fn permit(_: &mut Builder<'_, '_>, _: Secrecy) {}

/// Gives the new file the mode of the old one and, where that is allowed, its owner.
#[cfg(unix)]
fn keep(old: &Metadata, new: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    // Only root may give files away; anyone else owns the old file or replaces it as its group allows.
    let _ = fchown(new, Some(old.uid()), Some(old.gid()));
    new.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn keep(old: &Metadata, new: &File) -> io::Result<()> {
    new.set_permissions(old.permissions())
}
