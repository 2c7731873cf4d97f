//! Evaluates pipelines, commands and their arguments to values, by the rules of Go's `text/template`.

use super::MissingKey;
use super::execute::Machine;
use super::fault::Fault;
use super::functions::{self, Function, Type, convert, type_name};
use super::node::{Command, Pipe, Term};
use super::number::Number;
use super::value::Value;

/// The arguments of a function: the terms that follow it, and the value that a pipeline passes on.
struct Given<'a> {
    receiver: Option<Value>,
    terms: &'a [Term],
    last: Option<Value>,
}

impl<'a> Machine<'a, '_> {
    /// The value of a pipeline, which its variables take over.
    pub(super) fn pipeline(&mut self, dot: &Value, pipe: &'a Pipe) -> Result<Value, Fault> {
        let mut value = None;
        for command in &pipe.commands {
            let result = self.deeper(|machine| machine.command(dot, command, value.take()));
            value = Some(result.map_err(|fault| fault.at(None, command.line))?.stored());
        }
        let value = value.unwrap_or(Value::Absent);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone()).map_err(|fault| fault.at(None, pipe.line))?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &'a Command, last: Option<Value>) -> Result<Value, Fault> {
        self.host.spend(1)?;
        let given = Given { receiver: None, terms: &command.arguments, last };
        let has_arguments = !given.terms.is_empty() || given.last.is_some();
        match &command.first {
            Term::Field(names) => self.fields(dot, dot.clone(), names, given),
            Term::Chain(inner, names) => {
                let receiver = self.chained(dot, inner)?;
                self.fields(dot, receiver, names, given)
            }
            Term::Function(function) => {
                self.apply(dot, function, given).map_err(|fault| fault.at(Some(function.name), command.line))
            }
            Term::Variable(name, names) if !names.is_empty() => {
                let receiver = self.variable(name)?;
                self.fields(dot, receiver, names, given)
            }
            _ if has_arguments => Err(Fault::new("only a function takes arguments")),
            Term::Variable(name, _) => self.variable(name),
            Term::Pipe(pipe) => self.pipeline(dot, pipe),
            Term::Dot => Ok(dot.clone()),
            Term::Bool(value) => Ok(Value::Bool(*value)),
            Term::Text(bytes) => Ok(Value::text(bytes.as_slice())),
            Term::Number(number) => ideal(*number),
            Term::Nil => Err(Fault::new("nil is not a command")),
        }
    }

    fn variable(&self, name: &str) -> Result<Value, Fault> {
        let found = self.variables.iter().rev().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| Fault::new("undefined variable"))
    }

    /// The value before the fields of `(…).field` or `function.field`.
    fn chained(&mut self, dot: &Value, inner: &'a Term) -> Result<Value, Fault> {
        match inner {
            Term::Pipe(pipe) => self.pipeline(dot, pipe),
            Term::Function(function) => {
                let given = Given { receiver: None, terms: &[], last: None };
                self.apply(dot, function, given).map_err(|fault| fault.at(Some(function.name), 0))
            }
            _ => Err(Fault::new("a field of something that has none")),
        }
    }

    fn fields(&mut self, dot: &Value, receiver: Value, names: &[String], given: Given<'a>) -> Result<Value, Fault> {
        let Some((last, before)) = names.split_last() else { return Ok(receiver) };
        let mut receiver = receiver;
        for name in before {
            receiver = self.field(dot, receiver, name, Given { receiver: None, terms: &[], last: None })?;
        }
        self.field(dot, receiver, last, given)
    }

    fn field(&mut self, dot: &Value, receiver: Value, name: &str, given: Given<'a>) -> Result<Value, Fault> {
        if let Some(function) = functions::method(&receiver, name) {
            return self.apply(dot, function, Given { receiver: Some(receiver), ..given });
        }
        let has_arguments = !given.terms.is_empty() || given.last.is_some();
        match &receiver {
            Value::Absent if self.missing_key == MissingKey::Error => Err(Fault::new("no entry for a key: no data")),
            Value::Absent => Ok(Value::Absent),
            Value::Map(_) | Value::Certificate(_) if has_arguments => {
                Err(Fault::new("a field is not a method but has arguments"))
            }
            Value::Map(map) => match (map.get(name.as_bytes()), self.missing_key) {
                (Some(value), _) => Ok(value),
                (None, MissingKey::NoValue) => Ok(Value::Absent),
                (None, MissingKey::Zero) if map.of_texts => Ok(Value::text("")),
                (None, MissingKey::Zero) => Ok(Value::Null),
                (None, MissingKey::Error) => Err(Fault::new("the map has no entry for a key")),
            },
            Value::Certificate(certificate) if name == "Cert" => Ok(Value::Text(certificate.cert.clone())),
            Value::Certificate(certificate) if name == "Key" => Ok(Value::Text(certificate.key.clone())),
            other => Err(Fault::new(format!("there is no such field in type {}", other.type_name()))),
        }
    }

    fn apply(&mut self, dot: &Value, function: &'static Function, given: Given<'a>) -> Result<Value, Fault> {
        let bound = usize::from(given.receiver.is_some());
        let count = bound + given.terms.len() + usize::from(given.last.is_some());
        let fixed = function.parameters.len();
        if count < fixed || (function.more.is_none() && count > fixed) {
            let (want, got) = (fixed - bound, count - bound);
            let least = if function.more.is_some() { "at least " } else { "" };
            return Err(Fault::new(format!("wrong number of arguments: want {least}{want}, got {got}")));
        }
        if matches!(function.name, "and" | "or") {
            return self.short_circuit(dot, function.name == "or", given);
        }
        let type_at = |at: usize| function.parameters.get(at).copied().or(function.more).unwrap_or(Type::Any);
        let mut values = Vec::with_capacity(count);
        values.extend(given.receiver);
        for term in given.terms {
            let value = self.argument(dot, term, type_at(values.len()))?;
            values.push(value);
        }
        if let Some(last) = given.last {
            values.push(convert(last, type_at(values.len()))?);
        }
        self.call(function, values)
    }

    fn short_circuit(&mut self, dot: &Value, wanted: bool, given: Given<'a>) -> Result<Value, Fault> {
        let mut value = Value::Absent;
        for term in given.terms {
            value = self.argument(dot, term, Type::Reflect)?;
            if value.is_true() == wanted {
                return Ok(value);
            }
        }
        Ok(given.last.unwrap_or(value))
    }

    fn argument(&mut self, dot: &Value, term: &'a Term, type_: Type) -> Result<Value, Fault> {
        self.host.spend(1)?;
        let value = match term {
            Term::Dot => dot.clone(),
            Term::Nil => return nil_of(type_),
            Term::Field(names) => {
                self.fields(dot, dot.clone(), names, Given { receiver: None, terms: &[], last: None })?
            }
            Term::Variable(name, names) => {
                let receiver = self.variable(name)?;
                self.fields(dot, receiver, names, Given { receiver: None, terms: &[], last: None })?
            }
            Term::Pipe(pipe) => self.pipeline(dot, pipe)?,
            Term::Function(_) => self.chained(dot, term)?,
            Term::Chain(inner, names) => {
                let receiver = self.chained(dot, inner)?;
                self.fields(dot, receiver, names, Given { receiver: None, terms: &[], last: None })?
            }
            Term::Bool(value) => return constant(Value::Bool(*value), type_),
            Term::Text(bytes) => return constant(Value::text(bytes.as_slice()), type_),
            Term::Number(number) => return number_of(*number, type_),
        };
        convert(value, type_)
    }
}

fn nil_of(type_: Type) -> Result<Value, Fault> {
    match type_ {
        Type::Any | Type::Reflect => Ok(Value::Absent),
        Type::Map | Type::List => convert(Value::Absent, type_),
        _ => Err(Fault::new(format!("nil cannot be a {}", type_name(type_)))),
    }
}

fn constant(value: Value, type_: Type) -> Result<Value, Fault> {
    if value.is_nil() { nil_of(type_) } else { convert(value, type_) }
}

fn number_of(number: Number, type_: Type) -> Result<Value, Fault> {
    let value = match type_ {
        Type::Int => number.int.map(Value::Int),
        Type::Uint32 => number.uint.map(|value| Value::Uint64(value & 0xffff_ffff)),
        Type::Float => number.float.map(Value::Float),
        Type::Any | Type::Reflect => Some(ideal(number)?),
        _ => None,
    };
    value.ok_or_else(|| Fault::new(format!("wrong type of an argument: expected {}, got a number", type_name(type_))))
}

/// The value of a number where nothing but its spelling decides.
fn ideal(number: Number) -> Result<Value, Fault> {
    match number {
        Number { reads_as_float: true, float: Some(float), .. } => Ok(Value::Float(float)),
        Number { int: Some(int), .. } => Ok(Value::Int(int)),
        _ => Err(Fault::new("a number overflows int")),
    }
}
