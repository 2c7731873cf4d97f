//! URLs, taken apart and put together as Go's `net/url` does.

use std::collections::BTreeMap;

use super::Type::{Map as Dict, Text};
use super::{Arguments, Function, Map, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;

mod escape;
mod parse;

use escape::{Mode, escape};
use parse::Url;

pub(super) const FUNCTIONS: &[Function] = &[fixed("urlParse", &[Text], url_parse), fixed("urlJoin", &[Dict], url_join)];

fn url_parse(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let text = arguments.text();
    let url = parse::parse(text.bytes()).ok_or_else(|| Fault::new("not a URL"))?;
    let entry = |name: &str, value: &[u8]| (name.as_bytes().to_vec(), Value::text(value));
    let userinfo = url.user.as_ref().map(parse::User::written).unwrap_or_default();
    let entries = [
        entry("scheme", &url.scheme),
        entry("host", &url.host),
        entry("hostname", parse::hostname(&url.host)),
        entry("path", &url.path),
        entry("query", &url.query),
        entry("opaque", &url.opaque),
        entry("fragment", &url.fragment),
        entry("userinfo", &userinfo),
    ];
    Ok(Value::Map(Map::new(BTreeMap::from(entries))))
}

fn url_join(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let map = arguments.map();
    let part = |name: &str| match map.stored(name.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Text(text)) => Ok(text.bytes().to_vec()),
        Some(_) => Err(Fault::new("a part of a URL is not a string")),
    };
    let userinfo = part("userinfo")?;
    let user = if userinfo.is_empty() {
        None
    } else {
        let whole = [b"proto://", userinfo.as_slice(), b"@host"].concat();
        parse::parse(&whole).ok_or_else(|| Fault::new("the userinfo of a URL is malformed"))?.user
    };
    let url = Url {
        scheme: part("scheme")?,
        opaque: part("opaque")?,
        user,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        fragment: part("fragment")?,
    };
    Ok(Value::text(written(&url)))
}

/// `URL.String`.
fn written(url: &Url) -> Vec<u8> {
    let mut out = Vec::new();
    if !url.scheme.is_empty() {
        out.extend(&url.scheme);
        out.push(b':');
    }
    if url.opaque.is_empty() {
        hierarchy(url, &mut out);
    } else {
        out.extend(&url.opaque);
    }
    if !url.query.is_empty() {
        out.push(b'?');
        out.extend(&url.query);
    }
    if !url.fragment.is_empty() {
        out.push(b'#');
        out.extend(escape(&url.fragment, Mode::Fragment));
    }
    out
}

fn hierarchy(url: &Url, out: &mut Vec<u8>) {
    let has_authority = !url.host.is_empty() || url.user.is_some();
    if has_authority || (!url.scheme.is_empty() && !url.path.is_empty()) {
        out.extend(b"//");
    }
    if let Some(user) = &url.user {
        out.extend(user.written());
        out.push(b'@');
    }
    out.extend(escape(&url.host, Mode::Host));
    let path = if url.path == b"*" { url.path.clone() } else { escape(&url.path, Mode::Path) };
    if !path.is_empty() && !path.starts_with(b"/") && !url.host.is_empty() {
        out.push(b'/');
    }
    // A colon in the first segment would be taken for the end of a scheme.
    let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    if out.is_empty() && first.contains(&b':') {
        out.extend(b"./");
    }
    out.extend(path);
}
