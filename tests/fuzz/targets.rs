//! What is fuzzed: every function that takes bytes of somebody else, each with what must hold whatever the bytes are.
//!
//! A target panics when something does not hold. Two programs run them: the test `fuzz` (a short run with made-up inputs, in
//! `make test`) and one binary for each in `fuzz_targets` (coverage-guided, for as long as one likes, `make fuzz`). None of
//! them may do IO or depend on anything but its input.

pub mod documents;
pub mod formats;
pub mod keys;
pub mod operator;
pub mod scalars;
pub mod sealed;
mod words;

use words::{CONFIG, EXPRESSION, FLAG, FLATTENED, JSON, KEYS, LINES, MANIFEST, PATH, SOPS, TEMPLATE, YAML};

/// One function under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name: that of its folder of seeds and of its binary.
    pub name: &'static str,
    /// Runs it once.
    pub run: fn(&[u8]),
    /// How often `make test` runs it.
    pub executions: u32,
    /// Words of its grammar, for those who make inputs up.
    pub words: &'static [&'static str],
}

const fn target(name: &'static str, run: fn(&[u8]), executions: u32, words: &'static [&'static str]) -> Target {
    Target { name, run, executions, words }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("sops_yaml", formats::yaml, 6_000, YAML),
    target("sops_json", formats::json, 20_000, JSON),
    target("sops_dotenv", formats::dotenv, 6_000, LINES),
    target("sops_ini", formats::ini, 6_000, LINES),
    target("sops_binary", formats::binary, 4_000, JSON),
    target("sops_flattened", formats::flattened, 6_000, FLATTENED),
    target("sops_document", documents::document, 600, SOPS),
    target("sops_merge", documents::merge, 6_000, YAML),
    target("sops_value", scalars::value, 20_000, SOPS),
    target("sops_metadata", scalars::metadata, 5_000, SOPS),
    target("sops_config", scalars::config, 600, CONFIG),
    target("sops_expression", scalars::expression, 300, EXPRESSION),
    target("sops_path", scalars::path, 20_000, PATH),
    target("sops_shamir", scalars::shamir, 20_000, &[]),
    target("age_identity", keys::age_identity, 6_000, KEYS),
    target("age_file", keys::age_file, 4_000, KEYS),
    target("ssh_key", keys::ssh_key, 3_000, KEYS),
    target("pgp_key", keys::pgp_key, 4_000, KEYS),
    target("pgp_message", keys::pgp_message, 4_000, KEYS),
    target("key_service", keys::key_service, 20_000, &[]),
    target("sealed_blob", sealed::blob, 1_200, &[]),
    target("sealed_key", sealed::key, 4_000, KEYS),
    target("sealed_certificate", sealed::certificate, 20_000, KEYS),
    target("sealed_manifest", sealed::manifest, 1_200, MANIFEST),
    target("template", operator::template, 10_000, TEMPLATE),
    target("go_flag", operator::go_flag, 20_000, FLAG),
    target("store_property", operator::store_property, 20_000, JSON),
];
