//! Writing the result: to standard output, or to a file that is replaced as a whole or not at all.

#[cfg(unix)]
use std::fs::Permissions;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;

use crate::args::target::TargetFlags;
use crate::failure::{Failure, code, tell};
use crate::input::Source;

/// Who may read a new file.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Secrecy {
    /// Its owner.
    Plaintext,
    /// Whom the umask lets.
    Ciphertext,
}

/// Where the result goes.
pub(crate) struct Target<'a>(Option<&'a Path>);

impl<'a> Target<'a> {
    /// From the flags, which must not contradict each other.
    pub(crate) fn new(flags: &'a TargetFlags, source: &Source<'a>) -> Result<Target<'a>, Failure> {
        let conflict = |message: &str| Err(Failure::new(code::CONFLICT, message));
        match (flags.in_place, flags.output(), source.file()) {
            (true, Some(_), _) => conflict("--in-place and --output exclude each other"),
            (true, None, None) => conflict("--in-place needs a file"),
            (true, None, file) => Ok(Target(file)),
            (false, output, _) => Ok(Target(output)),
        }
    }

    /// The file itself, or standard output.
    pub(crate) fn in_place(file: &'a Path, in_place: bool) -> Target<'a> {
        Target(in_place.then_some(file))
    }

    /// Writes.
    pub(crate) fn write(&self, bytes: &[u8], secrecy: Secrecy) -> Result<(), Failure> {
        let Some(target) = self.0 else {
            let mut out = io::stdout().lock();
            return Ok(out.write_all(bytes).and_then(|()| out.flush())?);
        };
        replace(target, bytes, secrecy)
    }
}

/// Replaces a file as a whole.
pub(crate) fn replace(target: &Path, bytes: &[u8], secrecy: Secrecy) -> Result<(), Failure> {
    to_file(target, bytes, secrecy).map_err(|error| {
        Failure::new(code::NOT_WRITTEN, format!("{} could not be written: {error}", target.display()))
    })?;
    tell(|| format!("{} is written", target.display()));
    Ok(())
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

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path, secrecy: Secrecy) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    enterable(&mut builder, secrecy);
    builder.create(path).map_err(|error| {
        Failure::new(code::NOT_WRITTEN, format!("the folder {} could not be made: {error}", path.display()))
    })
}

#[cfg(unix)]
fn enterable(builder: &mut fs::DirBuilder, secrecy: Secrecy) {
    use std::os::unix::fs::DirBuilderExt as _;

    builder.mode(if secrecy == Secrecy::Plaintext { 0o700 } else { 0o777 });
}

#[cfg(not(unix))]
fn enterable(_: &mut fs::DirBuilder, _: Secrecy) {}

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
