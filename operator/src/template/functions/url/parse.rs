//! Takes a URL apart.

use std::net::Ipv6Addr;

use super::escape::{Mode, escape, unescape};

/// The parts of a URL, decoded but for the query.
#[derive(Default)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<User>,
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// A name and, if there is a colon, a password.
pub(super) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl User {
    pub(super) fn written(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Mode::UserPassword);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escape(password, Mode::UserPassword));
        }
        out
    }
}

fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == mark) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// `url.Parse`.
pub(super) fn parse(text: &[u8]) -> Option<Url> {
    let (rest, fragment) = cut(text, b'#');
    if rest.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return None;
    }
    let mut url = Url { fragment: unescape(fragment.unwrap_or_default(), Mode::Fragment)?, ..Url::default() };
    if rest == b"*" {
        url.path = rest.to_vec();
        return Some(url);
    }
    let (scheme, rest) = scheme(rest)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = cut(rest, b'?');
    url.query = query.unwrap_or_default().to_vec();
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Some(url);
        }
        let (first, _) = cut(rest, b'/');
        if first.contains(&b':') {
            return None;
        }
    }
    let mut path = rest;
    if (!url.scheme.is_empty() || !rest.starts_with(b"///"))
        && let Some(after) = rest.strip_prefix(b"//")
    {
        let (authority, _) = cut(after, b'/');
        path = after.get(authority.len()..).unwrap_or_default();
        (url.user, url.host) = read_authority(authority)?;
    }
    url.path = unescape(path, Mode::Path)?;
    Some(url)
}

/// The scheme, which may be missing, and the rest.
fn scheme(text: &[u8]) -> Option<(&[u8], &[u8])> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => break,
        }
    }
    Some((b"", text))
}

fn read_authority(authority: &[u8]) -> Option<(Option<User>, Vec<u8>)> {
    let at = authority.iter().rposition(|byte| *byte == b'@');
    let Some(at) = at else { return Some((None, read_host(authority)?)) };
    let host = read_host(authority.get(at + 1..)?)?;
    let userinfo = authority.get(..at)?;
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !userinfo.iter().all(allowed) {
        return None;
    }
    let (name, password) = cut(userinfo, b':');
    let name = unescape(name, Mode::UserPassword)?;
    let password = match password {
        Some(password) => Some(unescape(password, Mode::UserPassword)?),
        None => None,
    };
    Some((Some(User { name, password }), host))
}

fn is_port(text: &[u8]) -> bool {
    text.is_empty() || text.strip_prefix(b":").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

fn read_host(host: &[u8]) -> Option<Vec<u8>> {
    let open = host.iter().position(|byte| *byte == b'[');
    if let Some(open) = open {
        return if open == 0 { bracketed(host) } else { None };
    }
    if let Some(colon) = host.iter().rposition(|byte| *byte == b':')
        && !is_port(host.get(colon..)?)
    {
        return None;
    }
    unescape(host, Mode::Host)
}

/// An IPv6 address, which may name a zone, and a port.
fn bracketed(host: &[u8]) -> Option<Vec<u8>> {
    let close = host.iter().rposition(|byte| *byte == b']')?;
    let (inside, port) = (host.get(1..close)?, host.get(close + 1..)?);
    if !is_port(port) {
        return None;
    }
    let zone = inside.windows(3).position(|window| window == b"%25").unwrap_or(inside.len());
    let (address, zone) = inside.split_at_checked(zone)?;
    let address = unescape(address, Mode::Host)?;
    let text = std::str::from_utf8(&address).ok()?;
    text.parse::<Ipv6Addr>().ok()?;
    let zone = unescape(zone, Mode::Zone)?;
    Some([b"[", address.as_slice(), zone.as_slice(), b"]", port].concat())
}

/// A host without its port and without brackets.
pub(super) fn hostname(host: &[u8]) -> &[u8] {
    let colon = host.iter().rposition(|byte| *byte == b':').filter(|at| host.get(*at..).is_some_and(is_port));
    let host = colon.and_then(|at| host.get(..at)).unwrap_or(host);
    host.strip_prefix(b"[").and_then(|inside| inside.strip_suffix(b"]")).unwrap_or(host)
}
