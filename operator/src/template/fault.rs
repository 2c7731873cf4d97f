//! Why a template failed, in words that hold no value.

use std::borrow::Cow;
use std::fmt;

/// What went wrong at one place of a template.
pub(super) struct Fault {
    /// The words: types, counts and names of functions at most.
    pub(super) reason: Cow<'static, str>,
    /// The function that was called, if one was.
    pub(super) function: Option<String>,
    /// The line of the template, from 1; 0 while it is not known.
    pub(super) line: usize,
}

impl Fault {
    pub(super) fn new(reason: impl Into<Cow<'static, str>>) -> Fault {
        Fault { reason: reason.into(), function: None, line: 0 }
    }

    /// Names the function and the line, unless a place further inside has already been named.
    pub(super) fn at(mut self, function: Option<&str>, line: usize) -> Fault {
        if self.line == 0 {
            self.line = line;
            self.function = self.function.or_else(|| function.map(str::to_owned));
        }
        self
    }
}

/// A template that could not be rendered. Neither the message nor `Debug` holds a value or a text of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    line: usize,
    function: Option<String>,
    reason: Cow<'static, str>,
}

impl TemplateError {
    /// The line of the template at fault, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The function at fault, if it was one.
    pub fn function(&self) -> Option<&str> {
        self.function.as_deref()
    }
}

impl From<Fault> for TemplateError {
    fn from(fault: Fault) -> Self {
        TemplateError { line: fault.line.max(1), function: fault.function, reason: fault.reason }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: ", self.line)?;
        if let Some(function) = &self.function {
            write!(out, "function `{function}`: ")?;
        }
        out.write_str(&self.reason)
    }
}

impl std::error::Error for TemplateError {}
