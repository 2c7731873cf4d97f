//! Prints one value under one verb.

use zeroize::Zeroizing;

use super::super::fault::Fault;
use super::super::host::Host;
use super::super::quote::{can_backquote, quote, quote_character};
use super::super::unicode::characters;
use super::super::value::Value;

/// How deep values may nest; one that holds itself is deeper than anything.
const DEEPEST: usize = 100;

/// The flags of one verb.
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of Go's fmt")]
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) sharp: bool,
    pub(super) zero: bool,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) space: bool,
    pub(super) sharp_v: bool,
    pub(super) plus_v: bool,
    pub(super) width: Option<i64>,
    pub(super) precision: Option<i64>,
}

/// What was printed so far. Once it is full it takes no more, and `finish` says so.
pub(super) struct Printer {
    out: Zeroizing<Vec<u8>>,
    limit: usize,
    fault: Option<&'static str>,
    pub(super) flags: Flags,
}

impl Printer {
    pub(super) fn new(limit: usize) -> Printer {
        Printer { out: Zeroizing::new(Vec::new()), limit, fault: None, flags: Flags::default() }
    }

    pub(super) fn finish(self, host: &mut Host<'_>) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if let Some(reason) = self.fault {
            return Err(Fault::new(reason));
        }
        host.reserve(self.out.len())?;
        Ok(self.out)
    }

    pub(super) fn is_full(&self) -> bool {
        self.fault.is_some()
    }

    /// Whether that many bytes still fit.
    pub(super) fn has_room(&mut self, bytes: usize) -> bool {
        if self.out.len().saturating_add(bytes) > self.limit {
            self.fault = Some("a text becomes too long");
        }
        !self.is_full()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.has_room(bytes.len()) {
            self.out.extend_from_slice(bytes);
        }
    }

    /// Pads to the width, which counts characters.
    pub(super) fn padded_with(&mut self, bytes: &[u8], flags: Flags) {
        let width = usize::try_from(flags.width.unwrap_or(0)).unwrap_or(0);
        let missing = width.saturating_sub(characters(bytes).len());
        if !self.has_room(missing) {
            return;
        }
        let fill = if flags.zero && !flags.minus { b'0' } else { b' ' };
        let padding = vec![fill; missing];
        if flags.minus {
            self.push(bytes);
            self.push(&padding);
        } else {
            self.push(&padding);
            self.push(bytes);
        }
    }

    fn padded(&mut self, bytes: &[u8]) {
        self.padded_with(bytes, self.flags);
    }

    pub(super) fn complaint(&mut self, verb: char, what: &str) {
        self.push(format!("%!{verb}{what}").as_bytes());
    }

    /// A value where the format names it; a nil is a nil here.
    pub(super) fn argument(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Absent | Value::Null, 'T' | 'v') => self.padded(b"<nil>"),
            (Value::Absent | Value::Null, _) => self.complaint(verb, "(<nil>)"),
            (_, 'T') => self.string(value.type_name().as_bytes(), 's'),
            (_, 'p') => self.address(value),
            // Only `Errorf` knows this verb.
            (_, 'w') => self.bad_verb(value, verb),
            _ => self.value(value, verb, 0),
        }
    }

    fn address(&mut self, value: &Value) {
        if matches!(value, Value::List(_) | Value::Map(_) | Value::Version(_)) {
            self.fault = Some("addresses are not supported");
        } else {
            self.bad_verb(value, 'p');
        }
    }

    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.push(format!("%!{verb}({}=", value.type_name()).as_bytes());
        self.value_plainly(value, 'v', 0);
        self.push(b")");
    }

    pub(super) fn value(&mut self, value: &Value, verb: char, depth: usize) {
        let named = match value {
            Value::Moment(moment) => Some(moment.to_string()),
            Value::Version(version) => Some(version.to_string()),
            Value::Named(_, name, _) => Some((*name).to_owned()),
            _ => None,
        };
        match named {
            Some(name) if !self.flags.sharp_v && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') => {
                self.string(name.as_bytes(), verb);
            }
            _ => self.value_plainly(value, verb, depth),
        }
    }

    /// A value by its type alone, without the text that it would give itself.
    fn value_plainly(&mut self, value: &Value, verb: char, depth: usize) {
        if self.is_full() {
            return;
        }
        if depth > DEEPEST {
            self.fault = Some("a value is nested too deep");
            return;
        }
        match value {
            Value::Absent | Value::Null if self.flags.sharp_v => self.push(b"interface {}(nil)"),
            Value::Absent | Value::Null => self.push(b"<nil>"),
            Value::Bool(flag) if matches!(verb, 't' | 'v') => self.padded(if *flag { b"true" } else { b"false" }),
            Value::Int(number) | Value::Int64(number) | Value::Named(_, _, number) => {
                self.whole(value, *number < 0, number.unsigned_abs(), verb);
            }
            Value::Uint64(number) => self.unsigned(value, *number, verb),
            Value::Byte(number) => self.unsigned(value, u64::from(*number), verb),
            Value::Float(number) if "vbgGxXfFeE".contains(verb) => self.float(*number, verb),
            Value::Text(text) if "vsxXq".contains(verb) => self.string(text.bytes(), verb),
            Value::List(list) => self.list(list, value.type_name(), verb, depth),
            Value::Map(map) => self.map(map, value.type_name(), verb, depth),
            Value::Certificate(certificate) => {
                let fields = [("Cert", &certificate.cert), ("Key", &certificate.key)];
                let fields = fields.map(|(name, text)| (name, Value::Text(text.clone())));
                self.structure(&fields, verb, depth);
            }
            Value::Moment(_) | Value::Version(_) => self.fault = Some("this verb is not supported for this type"),
            _ => self.bad_verb(value, verb),
        }
    }

    fn unsigned(&mut self, value: &Value, number: u64, verb: char) {
        if verb == 'v' && self.flags.sharp_v {
            let flags = self.flags;
            self.flags.sharp = true;
            self.integer(false, number, 'x');
            self.flags = flags;
        } else {
            self.whole(value, false, number, verb);
        }
    }

    fn whole(&mut self, value: &Value, negative: bool, magnitude: u64, verb: char) {
        // A negative number is no character: Go reads it as a very large one.
        let code = if negative { u64::MAX } else { magnitude };
        let character = u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        match verb {
            'v' => self.integer(negative, magnitude, 'd'),
            'd' | 'b' | 'o' | 'O' | 'x' | 'X' => self.integer(negative, magnitude, verb),
            'c' => self.padded(character.encode_utf8(&mut [0; 4]).as_bytes()),
            'q' => self.padded(&quote_character(character, self.flags.plus)),
            'U' => self.code_point(if negative { magnitude.wrapping_neg() } else { magnitude }),
            _ => self.bad_verb(value, verb),
        }
    }

    fn string(&mut self, bytes: &[u8], verb: char) {
        match verb {
            'x' | 'X' => self.hexadecimal_text(bytes, verb == 'X'),
            'q' => self.quoted(bytes),
            'v' if self.flags.sharp_v => self.quoted(bytes),
            _ => self.padded(self.truncated(bytes)),
        }
    }

    /// The first characters, as many as the precision says.
    fn truncated<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(precision) = self.flags.precision.and_then(|precision| usize::try_from(precision).ok()) else {
            return bytes;
        };
        let mut kept = 0;
        for _ in 0..precision {
            let Some((_, length, _)) = super::super::unicode::decode(bytes.get(kept..).unwrap_or_default()) else {
                break;
            };
            kept += length;
        }
        bytes.get(..kept).unwrap_or(bytes)
    }

    fn quoted(&mut self, bytes: &[u8]) {
        let bytes = self.truncated(bytes);
        if self.flags.sharp && can_backquote(bytes) {
            let text = Zeroizing::new([b"`", bytes, b"`"].concat());
            self.padded(&text);
        } else {
            let text = Zeroizing::new(quote(bytes, self.flags.plus));
            self.padded(&text);
        }
    }

    fn hexadecimal_text(&mut self, bytes: &[u8], upper: bool) {
        let precision = self.flags.precision.and_then(|precision| usize::try_from(precision).ok());
        let bytes = bytes.get(..precision.unwrap_or(bytes.len())).unwrap_or(bytes);
        if !self.has_room(bytes.len().saturating_mul(5)) {
            return;
        }
        let prefix = if upper { "0X" } else { "0x" };
        let mut out = Zeroizing::new(Vec::new());
        for (at, byte) in bytes.iter().enumerate() {
            if at > 0 && self.flags.space {
                out.push(b' ');
            }
            if self.flags.sharp && (at == 0 || self.flags.space) {
                out.extend(prefix.bytes());
            }
            let digits = if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            out.extend(digits.bytes());
        }
        self.padded(&out);
    }
}
