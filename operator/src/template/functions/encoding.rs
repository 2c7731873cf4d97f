//! Base64, base32 and JSON.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Type::{Any, Text};
use super::{Arguments, Function, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::json::{self, Style, Unwritable};

const PLAIN: Style = Style { html: true, pretty: false };
const PRETTY: Style = Style { html: true, pretty: true };
const RAW: Style = Style { html: false, pretty: false };

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("b64enc", &[Text], |_, mut arguments| {
        Ok(Value::text(base64::engine::general_purpose::STANDARD.encode(arguments.text().bytes())))
    }),
    fixed("b64dec", &[Text], |_, mut arguments| Ok(Value::text(base64_or_complaint(arguments.text().bytes())))),
    fixed("b32enc", &[Text], |_, mut arguments| Ok(Value::text(base32(arguments.text().bytes())))),
    fixed("b32dec", &[Text], |_, mut arguments| Ok(Value::text(base32_or_complaint(arguments.text().bytes())))),
    fixed("fromJson", &[Text], |_, mut arguments| {
        Ok(json::read(arguments.text().bytes()).unwrap_or(Value::Absent).in_place())
    }),
    fixed("mustFromJson", &[Text], |_, mut arguments| {
        json::read(arguments.text().bytes()).map(Value::in_place).ok_or_else(|| Fault::new("not valid JSON"))
    }),
    fixed("toJson", &[Any], |host, arguments| lenient(host, arguments, PLAIN)),
    fixed("mustToJson", &[Any], |host, arguments| strict(host, arguments, PLAIN)),
    fixed("toPrettyJson", &[Any], |host, arguments| lenient(host, arguments, PRETTY)),
    fixed("mustToPrettyJson", &[Any], |host, arguments| strict(host, arguments, PRETTY)),
    fixed("toRawJson", &[Any], |host, arguments| strict(host, arguments, RAW)),
    fixed("mustToRawJson", &[Any], |host, arguments| strict(host, arguments, RAW)),
];

fn strict(host: &mut Host<'_>, mut arguments: Arguments, style: Style) -> Result<Value, Fault> {
    match json::write(&arguments.value(), style, host.longest()) {
        Ok(text) => Ok(Value::text(text.to_vec())),
        Err(Unwritable::Value) => Err(Fault::new("a number has no JSON")),
        Err(Unwritable::Fault(fault)) => Err(fault),
    }
}

fn lenient(host: &mut Host<'_>, mut arguments: Arguments, style: Style) -> Result<Value, Fault> {
    match json::write(&arguments.value(), style, host.longest()) {
        Ok(text) => Ok(Value::text(text.to_vec())),
        Err(Unwritable::Value) => Ok(Value::text("")),
        Err(Unwritable::Fault(fault)) => Err(fault),
    }
}

/// Base64 as Go reads it: line breaks are passed over, unused bits may be set.
pub(super) fn base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    engine.decode(&kept).map_err(|_| fault_of_base64(text))
}

/// Where Go says that base64 goes wrong.
fn fault_of_base64(text: &[u8]) -> usize {
    let breaks = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let mut count = 0usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let position = at;
        at += 1;
        if breaks(byte) {
            continue;
        }
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/') {
            count += 1;
            continue;
        }
        if *byte != b'=' || count % 4 < 2 {
            return position;
        }
        let skip = |at: usize| at + text.get(at..).unwrap_or_default().iter().take_while(|byte| breaks(byte)).count();
        if count % 4 == 2 {
            at = skip(at);
            match text.get(at) {
                None => return text.len(),
                Some(b'=') => at += 1,
                Some(_) => return at - 1,
            }
        }
        at = skip(at);
        return at;
    }
    // The text ends within a group of four.
    text.len() - count % 4
}

/// Sprig's decoders give the words of the error as their result.
fn base64_or_complaint(text: &[u8]) -> Vec<u8> {
    base64(text).unwrap_or_else(|at| format!("illegal base64 data at input byte {at}").into_bytes())
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0u8; 8];
        for (place, byte) in block.iter_mut().skip(3).zip(chunk) {
            *place = *byte;
        }
        let bits = u64::from_be_bytes(block);
        let used = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            let index = usize::try_from((bits >> (35 - 5 * at)) & 31).unwrap_or(0);
            out.push(if at < used { BASE32.get(index).copied().unwrap_or(b'=') } else { b'=' });
        }
    }
    out
}

fn base32_or_complaint(text: &[u8]) -> Vec<u8> {
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    read_base32(&kept).unwrap_or_else(|at| format!("illegal base32 data at input byte {at}").into_bytes())
}

fn read_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let mut bits: u64 = 0;
        let mut count = 0;
        let mut padded = false;
        while count < 8 {
            let Some(byte) = text.get(at) else { return Err(text.len() - count) };
            at += 1;
            if *byte == b'=' && count >= 2 && text.len() - at < 8 {
                let missing = 8 - count - 1;
                let padding = text.get(at..).unwrap_or_default();
                if padding.len() < missing {
                    return Err(text.len());
                }
                if let Some(wrong) = padding.iter().take(missing).position(|byte| *byte != b'=') {
                    return Err(at + wrong - 1);
                }
                if matches!(count, 1 | 3 | 6) {
                    return Err(at - 1);
                }
                padded = true;
                break;
            }
            let Some(value) = BASE32.iter().position(|known| known == byte) else { return Err(at - 1) };
            bits |= u64::try_from(value).unwrap_or(0) << (35 - 5 * count);
            count += 1;
        }
        let bytes = count * 5 / 8;
        out.extend(bits.to_be_bytes().iter().skip(3).take(bytes));
        if padded {
            break;
        }
    }
    Ok(out)
}
