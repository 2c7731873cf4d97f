//! Functions of chance. All bytes come from the source that the caller gives.

use base64::Engine as _;

use super::Type::{Int, Text};
use super::{Arguments, Function, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::unicode::characters;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("randAlphaNum", &[Int], |host, arguments| chosen(host, arguments, u8::is_ascii_alphanumeric)),
    fixed("randAlpha", &[Int], |host, arguments| chosen(host, arguments, u8::is_ascii_alphabetic)),
    fixed("randNumeric", &[Int], |host, arguments| chosen(host, arguments, u8::is_ascii_digit)),
    fixed("randAscii", &[Int], |host, arguments| chosen(host, arguments, |byte| (b' '..=b'~').contains(byte))),
    fixed("randBytes", &[Int], |host, mut arguments| {
        let count = usize::try_from(arguments.int()).map_err(|_| Fault::new("a negative count"))?;
        host.reserve(count.saturating_mul(2))?;
        let mut bytes = vec![0; count];
        host.random(&mut bytes);
        Ok(Value::text(base64::engine::general_purpose::STANDARD.encode(bytes)))
    }),
    fixed("randInt", &[Int, Int], |host, mut arguments| {
        let (least, limit) = (arguments.int(), arguments.int());
        let span = u64::try_from(limit.wrapping_sub(least)).ok().filter(|span| *span > 0);
        let span = span.ok_or_else(|| Fault::new("the upper bound is not above the lower one"))?;
        Ok(Value::Int(least.wrapping_add(host.random_below(span).cast_signed())))
    }),
    fixed("shuffle", &[Text], |host, mut arguments| {
        let mut all = characters(arguments.text().bytes());
        host.spend(all.len())?;
        for at in (1..all.len()).rev() {
            let other = host.random_below(u64::try_from(at).unwrap_or(0) + 1);
            all.swap(at, usize::try_from(other).unwrap_or(at));
        }
        Ok(Value::text(all.into_iter().collect::<String>()))
    }),
    fixed("uuidv4", &[], |host, _| {
        let mut bytes = [0; 16];
        host.random(&mut bytes);
        let bits = u128::from_be_bytes(bytes);
        // Version 4, variant of RFC 9562.
        let bits = (bits & !(0xf << 76) | (4 << 76)) & !(0x3 << 62) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        Ok(Value::text(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))))
    }),
];

/// A text of as many characters as asked for, all equally likely; empty for a negative count.
fn chosen(host: &mut Host<'_>, mut arguments: Arguments, fits: fn(&u8) -> bool) -> Result<Value, Fault> {
    let count = usize::try_from(arguments.int()).unwrap_or(0);
    host.reserve(count)?;
    host.spend(count / 8)?;
    let set: Vec<u8> = (0..=127u8).filter(fits).collect();
    let choices = u64::try_from(set.len()).unwrap_or(0);
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let index = usize::try_from(host.random_below(choices)).unwrap_or(0);
        out.extend(set.get(index));
    }
    Ok(Value::text(out))
}
