//! What the program is called and which version it says it is.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

/// The program under its own name.
pub(crate) const NAME: &str = "sops-rs";
/// The name it also answers to, for scripts that look for the original.
pub(crate) const ORIGINAL: &str = "sops";

static CALLED: OnceLock<&'static str> = OnceLock::new();

/// Remembers by which name the program was called.
pub(crate) fn called(first_word: Option<&OsStr>) {
    let stem = first_word.and_then(|word| Path::new(word).file_stem());
    CALLED.get_or_init(|| if stem.is_some_and(|stem| stem == ORIGINAL) { ORIGINAL } else { NAME });
}

/// The name it was called by: `sops-rs` or `sops`.
pub(crate) fn name() -> &'static str {
    CALLED.get().copied().unwrap_or(NAME)
}

/// Commands in a text, under the name the program was called by.
pub(crate) fn as_called(text: &str) -> String {
    if name() == NAME { text.to_owned() } else { text.replace("sops-rs ", "sops ").replace("sops-rs`", "sops`") }
}

/// What `--version` prints. Scripts read the first line: as `sops` it names the version whose flags and files this
/// program has.
pub(crate) fn version() -> String {
    let own = env!("CARGO_PKG_VERSION");
    let original = sops::metadata::VERSION;
    if name() == NAME {
        format!("sops-rs {own}\nflags and files of sops {original}\n")
    } else {
        format!("sops {original}\nby sops-rs {own}\n")
    }
}
