//! Prints lists, maps and structures.

use super::super::value::{List, Map, Value};
use super::value::Printer;

impl Printer {
    pub(super) fn list(&mut self, list: &List, type_name: &str, verb: char, depth: usize) {
        let (open, separator, close) = self.frame(type_name, list.nil, ("[", "]"));
        let Some(close) = close else { return self.push(open.as_bytes()) };
        self.push(open.as_bytes());
        for (at, item) in list.items().iter().enumerate() {
            if at > 0 {
                self.push(separator);
            }
            self.inner(item, verb, depth);
        }
        self.push(close.as_bytes());
    }

    pub(super) fn map(&mut self, map: &Map, type_name: &str, verb: char, depth: usize) {
        let (open, separator, close) = self.frame(type_name, map.nil, ("map[", "]"));
        let Some(close) = close else { return self.push(open.as_bytes()) };
        self.push(open.as_bytes());
        for (at, (key, value)) in map.entries().into_iter().enumerate() {
            if at > 0 {
                self.push(separator);
            }
            self.inner(&Value::text(key), verb, depth);
            self.push(b":");
            self.inner(&value, verb, depth);
        }
        self.push(close.as_bytes());
    }

    /// What stands around and between the parts of a container.
    fn frame(
        &self,
        type_name: &str,
        nil: bool,
        plain: (&'static str, &'static str),
    ) -> (String, &'static [u8], Option<&'static str>) {
        match (self.flags.sharp_v, nil) {
            (true, true) => (format!("{type_name}(nil)"), b"", None),
            (true, false) => (format!("{type_name}{{"), b", ", Some("}")),
            (false, _) => (plain.0.to_owned(), b" ", Some(plain.1)),
        }
    }

    fn inner(&mut self, value: &Value, verb: char, depth: usize) {
        self.value(value, verb, depth + 1);
    }

    pub(super) fn structure(&mut self, fields: &[(&str, Value)], verb: char, depth: usize) {
        let separator: &[u8] = if self.flags.sharp_v { b", " } else { b" " };
        if self.flags.sharp_v {
            self.push(b"sprig.certificate");
        }
        self.push(b"{");
        for (at, (name, value)) in fields.iter().enumerate() {
            if at > 0 {
                self.push(separator);
            }
            if self.flags.plus_v || self.flags.sharp_v {
                self.push(format!("{name}:").as_bytes());
            }
            self.inner(value, verb, depth);
        }
        self.push(b"}");
    }
}
