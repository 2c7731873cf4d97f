//! What this program is called. A link or a copy named `kubeseal` takes the place of the original in scripts.

use std::env;
use std::path::Path;

/// The name to print: `kubeseal` when it was started under that name, otherwise `kubeseal-rs`.
pub(crate) fn name() -> &'static str {
    if is_original() { "kubeseal" } else { "kubeseal-rs" }
}

/// Whether it was started under the name of the original.
pub(crate) fn is_original() -> bool {
    let started_as = env::args_os().next().unwrap_or_default();
    Path::new(&started_as).file_stem().is_some_and(|stem| stem == "kubeseal")
}
