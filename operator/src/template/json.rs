//! JSON as Go's `encoding/json` reads and writes it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::date::format;
use super::fault::Fault;
use super::print::{exponent_of, shortest_digits};
use super::unicode::{characters, decode};
use super::value::{Map, Value};

/// How deep values may nest; one that holds itself is deeper than anything.
const DEEPEST: usize = 100;

/// Reads one document. Numbers become floats, as in Go.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let text: Zeroizing<String> = Zeroizing::new(characters(bytes).into_iter().collect());
    let mut reader = serde_json::Deserializer::from_str(&text);
    let Wrapped(value) = Wrapped::deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// A value on its way in; it goes from the text to its place without a copy in a tree of another type.
struct Wrapped(Value);

impl<'de> Deserialize<'de> for Wrapped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Wrapped)
    }
}

struct Reading;

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Absent)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "Go reads numbers as floats")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Float(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "Go reads numbers as floats")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Float(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Reading)? {
            list.push(item);
        }
        Ok(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            map.insert(name.into_bytes(), members.next_value_seed(Reading)?);
        }
        Ok(Value::Map(Map::new(map)))
    }
}

/// How to write.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Whether `<`, `>` and `&` are escaped.
    pub(super) html: bool,
    /// Whether each member has a line of its own, indented by two spaces.
    pub(super) pretty: bool,
}

/// Why a value has no JSON.
pub(super) enum Unwritable {
    /// Go has none either: a number that is not finite.
    Value,
    /// It would take too much.
    Fault(Fault),
}

/// Writes a value, in at most `limit` bytes.
pub(super) fn write(value: &Value, style: Style, limit: usize) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
    let mut writer = Writer { out: Zeroizing::new(Vec::new()), style, limit };
    writer.value(value, 0)?;
    Ok(writer.out)
}

struct Writer {
    out: Zeroizing<Vec<u8>>,
    style: Style,
    limit: usize,
}

impl Writer {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Unwritable> {
        if self.out.len() + bytes.len() > self.limit {
            return Err(Unwritable::Fault(Fault::new("a text becomes too long")));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Unwritable> {
        if depth > DEEPEST {
            return Err(Unwritable::Fault(Fault::new("a value is nested too deep")));
        }
        match value {
            Value::Absent | Value::Null => self.push(b"null"),
            Value::Bool(flag) => self.push(if *flag { b"true" } else { b"false" }),
            Value::Int(number) | Value::Int64(number) | Value::Named(_, _, number) => {
                self.push(number.to_string().as_bytes())
            }
            Value::Uint64(number) => self.push(number.to_string().as_bytes()),
            Value::Byte(number) => self.push(number.to_string().as_bytes()),
            Value::Float(number) => self.float(*number),
            Value::Text(text) => self.string(text.bytes()),
            Value::List(list) if list.nil => self.push(b"null"),
            Value::List(list) => {
                let items = list.items();
                self.container(b"[", b"]", items.len(), depth, |writer, at| {
                    items.get(at).map_or(Ok(()), |item| writer.value(item, depth + 1))
                })
            }
            Value::Map(map) if map.nil => self.push(b"null"),
            Value::Map(map) => self.members(&map.entries(), depth),
            Value::Certificate(certificate) => {
                let entry =
                    |name: &str, text: &super::value::Text| (name.as_bytes().to_vec(), Value::Text(text.clone()));
                self.members(&[entry("Cert", &certificate.cert), entry("Key", &certificate.key)], depth)
            }
            Value::Moment(moment) => self.string(format(moment, "2006-01-02T15:04:05.999999999Z07:00").as_bytes()),
            Value::Version(version) => self.string(version.to_string().as_bytes()),
        }
    }

    fn members(&mut self, entries: &[(Vec<u8>, Value)], depth: usize) -> Result<(), Unwritable> {
        self.container(b"{", b"}", entries.len(), depth, |writer, at| {
            let Some((key, value)) = entries.get(at) else { return Ok(()) };
            writer.string(key)?;
            writer.push(if writer.style.pretty { b": " } else { b":" })?;
            writer.value(value, depth + 1)
        })
    }

    fn container(
        &mut self,
        open: &[u8],
        close: &[u8],
        count: usize,
        depth: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), Unwritable>,
    ) -> Result<(), Unwritable> {
        self.push(open)?;
        for at in 0..count {
            if at > 0 {
                self.push(b",")?;
            }
            self.new_line(depth + 1)?;
            item(self, at)?;
        }
        if count > 0 {
            self.new_line(depth)?;
        }
        self.push(close)
    }

    fn new_line(&mut self, depth: usize) -> Result<(), Unwritable> {
        if self.style.pretty { self.push(format!("\n{}", "  ".repeat(depth)).as_bytes()) } else { Ok(()) }
    }

    fn float(&mut self, number: f64) -> Result<(), Unwritable> {
        if !number.is_finite() {
            return Err(Unwritable::Value);
        }
        let magnitude = number.abs();
        let text = if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
            let (digits, exponent) = shortest_digits(magnitude);
            let sign = if number.is_sign_negative() { "-" } else { "" };
            // Go writes one digit of a small negative exponent without a zero before it.
            format!("{sign}{}", exponent_of(&digits, exponent)).replace("e-0", "e-")
        } else {
            format!("{number}")
        };
        self.push(text.as_bytes())
    }

    fn string(&mut self, mut bytes: &[u8]) -> Result<(), Unwritable> {
        self.push(b"\"")?;
        while let Some((next, length, valid)) = decode(bytes) {
            let written = bytes.get(..length).unwrap_or_default();
            match next {
                _ if !valid => self.push(b"\\ufffd")?,
                '"' => self.push(b"\\\"")?,
                '\\' => self.push(b"\\\\")?,
                '\u{8}' => self.push(b"\\b")?,
                '\u{c}' => self.push(b"\\f")?,
                '\n' => self.push(b"\\n")?,
                '\r' => self.push(b"\\r")?,
                '\t' => self.push(b"\\t")?,
                '<' | '>' | '&' if self.style.html => self.push(format!("\\u{:04x}", u32::from(next)).as_bytes())?,
                '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => {
                    self.push(format!("\\u{:04x}", u32::from(next)).as_bytes())?;
                }
                _ => self.push(written)?,
            }
            bytes = bytes.get(length..).unwrap_or_default();
        }
        self.push(b"\"")
    }
}
