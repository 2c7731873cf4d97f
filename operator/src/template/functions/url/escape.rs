//! Percent encoding: which bytes stand for themselves depends on the part of the URL.

/// A part of a URL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Path,
    Host,
    /// What may stand in brackets after `%25`.
    Zone,
    UserPassword,
    Fragment,
}

fn needs_escape(byte: u8, mode: Mode) -> bool {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        return false;
    }
    if matches!(mode, Mode::Host | Mode::Zone) {
        return !b"!$&'()*+,;=:[]<>\"".contains(&byte);
    }
    match byte {
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match mode {
            Mode::Path => byte == b'?',
            Mode::UserPassword => matches!(byte, b'@' | b'/' | b'?' | b':'),
            _ => false,
        },
        b'!' | b'(' | b')' | b'*' => mode != Mode::Fragment,
        _ => true,
    }
}

pub(super) fn escape(text: &[u8], mode: Mode) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if needs_escape(*byte, mode) {
            out.extend(format!("%{byte:02X}").bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

/// `None` for a broken escape, or one or a character that has no place there.
pub(super) fn unescape(text: &[u8], mode: Mode) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            let in_host = matches!(mode, Mode::Host | Mode::Zone);
            if in_host && first.is_ascii() && needs_escape(*first, mode) {
                return None;
            }
            out.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let value = hex(digits)?;
        if mode == Mode::Host && value.is_ascii() && digits != b"25" {
            return None;
        }
        if mode == Mode::Zone && digits != b"25" && value != b' ' && needs_escape(value, Mode::Host) {
            return None;
        }
        out.push(value);
        rest = after;
    }
    Some(out)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let mut value = 0u8;
    for digit in digits {
        value = value << 4 | u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
    }
    Some(value)
}
