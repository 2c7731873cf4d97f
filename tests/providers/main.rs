//! The stores, each against the real thing: one suite that every provider passes, and what is special about each.

mod aws;
mod conformance;
mod fake;
mod faults;
mod vault;
mod vault_login;
