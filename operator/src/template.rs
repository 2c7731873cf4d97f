//! Templates: Go's `text/template` with the functions of Sprig, for what a Secret is made of.
//!
//! A template is data of a user: it can do no IO, knows neither the environment nor the network, and is stopped when it
//! takes too many steps, too long or too much room. It must never be rendered for an HTTP caller, because whether a
//! template fails tells something about the values it reads. Time and random bytes are arguments.
//! What is supported, and the few differences from Go, stand in `docs/templates.md`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use zeroize::Zeroizing;

mod date;
mod evaluate;
mod execute;
mod fault;
mod functions;
mod host;
mod json;
mod lex;
mod node;
mod number;
mod parse;
mod print;
mod quote;
mod regexp;
mod unicode;
mod value;
mod version;

pub use fault::TemplateError;
pub use host::Limits;

use value::{Map, Value};

/// What the name of a key stands for that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// `<no value>`, the default of Go and of Sealed Secrets.
    #[default]
    NoValue,
    /// An empty text: Go's option `missingkey=zero`.
    Zero,
    /// An error: Go's option `missingkey=error`, which External Secrets sets.
    Error,
}

/// How a template is to be rendered.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The name of the template, by which it can call itself.
    pub name: &'a str,
    /// What a missing key means.
    pub missing_key: MissingKey,
    /// The marks around actions, `{{` and `}}` unless set otherwise. An empty one means the usual one.
    pub delimiters: (&'a str, &'a str),
    /// The present.
    pub now: Timestamp,
    /// Fills a buffer with random bytes.
    pub random: &'a dyn Fn(&mut [u8]),
    /// What the rendering may use.
    pub limits: Limits,
}

impl<'a> Options<'a> {
    /// The options of Sealed Secrets: usual delimiters, `<no value>` for a missing key.
    pub fn new(name: &'a str, now: Timestamp, random: &'a dyn Fn(&mut [u8])) -> Options<'a> {
        let (missing_key, limits) = (MissingKey::default(), Limits::default());
        Options { name, missing_key, delimiters: ("{{", "}}"), now, random, limits }
    }
}

/// Renders a template over a map of values, which may be any bytes.
///
/// # Errors
/// A text that is no template, or a failure while rendering. The message names line and function, never a value.
pub fn render(
    template: &str,
    values: &BTreeMap<String, Zeroizing<Vec<u8>>>,
    options: &Options<'_>,
) -> Result<Zeroizing<Vec<u8>>, TemplateError> {
    let (left, right) = options.delimiters;
    let delimiters = (if left.is_empty() { "{{" } else { left }, if right.is_empty() { "}}" } else { right });
    let templates = parse::parse(options.name, template, delimiters)?;
    let entries = values.iter().map(|(key, value)| (key.clone().into_bytes(), Value::text(value.as_slice())));
    let context = Value::Map(Map::of_texts(entries.collect()));
    Ok(execute::execute(&templates, &context, options)?)
}

/// The names of all functions that templates may call, in alphabetical order.
pub fn function_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = functions::all().map(|function| function.name).collect();
    names.sort_unstable();
    names
}
