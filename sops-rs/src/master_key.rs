//! Master keys: what the data key of a file is encrypted with.
//!
//! A module for each key type. A key type this build does not know is kept as it stands in the file, so that editing
//! a file never loses a recipient.

pub mod age;
