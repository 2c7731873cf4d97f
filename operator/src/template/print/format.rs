//! Reads a format of `Sprintf`: flags, width, precision and explicit argument indexes.

use super::super::unicode::decode;
use super::super::value::Value;
use super::value::{Flags, Printer};

/// As in Go, a larger width or precision is no number.
const LARGEST: i64 = 1_000_000;

struct Format<'a> {
    rest: &'a [u8],
    values: &'a [Value],
    /// The argument that comes next.
    at: usize,
    reordered: bool,
    good_index: bool,
    after_index: bool,
}

pub(super) fn run(printer: &mut Printer, format: &[u8], values: &[Value]) {
    let mut state = Format { rest: format, values, at: 0, reordered: false, good_index: true, after_index: false };
    while !state.rest.is_empty() && !printer.is_full() {
        let plain = state.rest.iter().position(|byte| *byte == b'%').unwrap_or(state.rest.len());
        printer.push(state.rest.get(..plain).unwrap_or_default());
        state.rest = state.rest.get(plain..).unwrap_or_default();
        if state.skip(b'%') {
            state.verb(printer);
        }
    }
    if !state.reordered && state.at < values.len() {
        extra(printer, values.get(state.at..).unwrap_or_default());
    }
}

fn extra(printer: &mut Printer, values: &[Value]) {
    printer.flags = Flags::default();
    printer.push(b"%!(EXTRA ");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.push(b", ");
        }
        if !value.is_nil() {
            printer.push(value.type_name().as_bytes());
            printer.push(b"=");
        }
        printer.argument(value, 'v');
    }
    printer.push(b")");
}

impl Format<'_> {
    fn skip(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn verb(&mut self, printer: &mut Printer) {
        self.good_index = true;
        self.after_index = false;
        printer.flags = Flags::default();
        self.flags(&mut printer.flags);
        self.index();
        self.width(printer);
        self.precision(printer);
        if !self.after_index {
            self.index();
        }
        let Some((verb, length, _)) = decode(self.rest) else {
            printer.push(b"%!(NOVERB)");
            return;
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        if verb == '%' {
            printer.push(b"%");
        } else if !self.good_index {
            printer.complaint(verb, "(BADINDEX)");
        } else if let Some(value) = self.values.get(self.at) {
            self.at += 1;
            if matches!(verb, 'v' | 'w') {
                printer.flags.sharp_v = std::mem::take(&mut printer.flags.sharp);
                printer.flags.plus_v = std::mem::take(&mut printer.flags.plus);
            }
            printer.argument(value, verb);
        } else {
            printer.complaint(verb, "(MISSING)");
        }
    }

    fn flags(&mut self, flags: &mut Flags) {
        while let Some((first, rest)) = self.rest.split_first() {
            match first {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.rest = rest;
        }
    }

    fn width(&mut self, printer: &mut Printer) {
        if self.skip(b'*') {
            printer.flags.width = self.number_from_argument();
            match printer.flags.width {
                None => printer.push(b"%!(BADWIDTH)"),
                Some(width) if width < 0 => {
                    printer.flags.width = Some(-width);
                    printer.flags.minus = true;
                    printer.flags.zero = false;
                }
                Some(_) => {}
            }
            self.after_index = false;
        } else {
            printer.flags.width = self.number();
            if self.after_index && printer.flags.width.is_some() {
                self.good_index = false;
            }
        }
    }

    fn precision(&mut self, printer: &mut Printer) {
        // A point that ends the format is not a precision but the verb.
        if self.rest.len() < 2 || !self.skip(b'.') {
            return;
        }
        if self.after_index {
            self.good_index = false;
        }
        self.index();
        if self.skip(b'*') {
            printer.flags.precision = self.number_from_argument().filter(|precision| *precision >= 0);
            if printer.flags.precision.is_none() {
                printer.push(b"%!(BADPREC)");
            }
            self.after_index = false;
        } else {
            printer.flags.precision = Some(self.number().unwrap_or(0));
        }
    }

    /// A number; one that is too large is none and ends the format, as in Go.
    fn number(&mut self) -> Option<i64> {
        let mut value = None;
        while let Some((digit, rest)) = self.rest.split_first().filter(|(digit, _)| digit.is_ascii_digit()) {
            let next = value.unwrap_or(0) * 10 + i64::from(digit - b'0');
            if value.unwrap_or(0) > LARGEST {
                self.rest = &[];
                return None;
            }
            value = Some(next);
            self.rest = rest;
        }
        value
    }

    fn number_from_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.at)?;
        self.at += 1;
        let number = match value {
            Value::Int(number) | Value::Int64(number) | Value::Named(_, _, number) => *number,
            Value::Uint64(number) => i64::try_from(*number).ok()?,
            Value::Byte(number) => i64::from(*number),
            _ => return None,
        };
        (-LARGEST..=LARGEST).contains(&number).then_some(number)
    }

    /// `[n]` chooses the argument that comes next.
    fn index(&mut self) {
        if self.rest.first() != Some(&b'[') {
            self.after_index = false;
            return;
        }
        self.reordered = true;
        let close = self.rest.iter().position(|byte| *byte == b']').filter(|_| self.rest.len() >= 3);
        let Some(close) = close else {
            self.rest = self.rest.get(1..).unwrap_or_default();
            self.good_index = false;
            self.after_index = false;
            return;
        };
        let digits = self.rest.get(1..close).unwrap_or_default();
        let number = (!digits.is_empty() && digits.len() <= 7 && digits.iter().all(u8::is_ascii_digit))
            .then(|| digits.iter().fold(0usize, |value, digit| value * 10 + usize::from(digit - b'0')));
        self.rest = self.rest.get(close + 1..).unwrap_or_default();
        self.after_index = number.is_some();
        match number.and_then(|number| number.checked_sub(1)).filter(|index| *index < self.values.len()) {
            Some(index) => self.at = index,
            None => self.good_index = false,
        }
    }
}
