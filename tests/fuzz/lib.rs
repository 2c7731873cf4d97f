//! The targets as a library, for the binaries in `fuzz_targets`.

#![forbid(unsafe_code)]

pub mod targets;
