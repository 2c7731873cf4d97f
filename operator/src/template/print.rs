//! Go's `fmt`: `Sprint`, `Sprintln` and `Sprintf` over the values of templates.

use zeroize::Zeroizing;

use super::fault::Fault;
use super::host::Host;
use super::value::{Text, Value};

mod container;
mod format;
mod number;
mod value;

pub(super) use number::{exponent_of, shortest_digits};
use value::Printer;

/// `fmt.Sprint`: a space between two values of which neither is a string.
pub(super) fn print(host: &mut Host<'_>, values: &[Value]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut printer = Printer::new(host.longest());
    let mut after_text = true;
    for value in values {
        let is_text = matches!(value, Value::Text(_));
        if !is_text && !after_text {
            printer.push(b" ");
        }
        printer.argument(value, 'v');
        after_text = is_text;
    }
    printer.finish(host)
}

/// `fmt.Sprintln`.
pub(super) fn println(host: &mut Host<'_>, values: &[Value]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut printer = Printer::new(host.longest());
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.push(b" ");
        }
        printer.argument(value, 'v');
    }
    printer.push(b"\n");
    printer.finish(host)
}

/// `fmt.Sprintf`.
pub(super) fn printf(host: &mut Host<'_>, format: &[u8], values: &[Value]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut printer = Printer::new(host.longest());
    format::run(&mut printer, format, values);
    printer.finish(host)
}

/// Sprig's `strval`: a string as it is, anything else as `%v` prints it.
pub(super) fn string_of(host: &mut Host<'_>, value: &Value) -> Result<Text, Fault> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        value => Ok(Text::new(print(host, std::slice::from_ref(value))?.to_vec())),
    }
}
