//! `SopsSecret`: a document that `sops` made, as it is, becomes the Secrets that it proves it was made for.

mod arrival;
mod attacks;
mod bad_input;
pub(crate) mod documents;
mod healing;
mod keys;
mod place;
mod scope;
