//! Paths with slashes, as Go's `path` treats them; on the systems we run on, `filepath` is the same.

use super::Type::Text;
use super::{Function, Value, fixed};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("base", &[Text], |_, mut arguments| Ok(Value::text(base(arguments.text().bytes())))),
    fixed("dir", &[Text], |_, mut arguments| Ok(Value::text(dir(arguments.text().bytes())))),
    fixed("clean", &[Text], |_, mut arguments| Ok(Value::text(clean(arguments.text().bytes())))),
    fixed("ext", &[Text], |_, mut arguments| Ok(Value::text(ext(arguments.text().bytes())))),
    fixed("isAbs", &[Text], |_, mut arguments| Ok(Value::Bool(arguments.text().bytes().starts_with(b"/")))),
    fixed("osBase", &[Text], |_, mut arguments| Ok(Value::text(base(arguments.text().bytes())))),
    fixed("osDir", &[Text], |_, mut arguments| Ok(Value::text(dir(arguments.text().bytes())))),
    fixed("osClean", &[Text], |_, mut arguments| Ok(Value::text(clean(arguments.text().bytes())))),
    fixed("osExt", &[Text], |_, mut arguments| Ok(Value::text(ext(arguments.text().bytes())))),
    fixed("osIsAbs", &[Text], |_, mut arguments| Ok(Value::Bool(arguments.text().bytes().starts_with(b"/")))),
];

fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    let path = path.get(..end).unwrap_or_default();
    let start = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    if path.is_empty() { b"/" } else { path.get(start..).unwrap_or_default() }
}

fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    clean(path.get(..end).unwrap_or_default())
}

fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

fn ext(path: &[u8]) -> &[u8] {
    let name = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let name = path.get(name..).unwrap_or_default();
    name.iter().rposition(|byte| *byte == b'.').and_then(|dot| name.get(dot..)).unwrap_or_default()
}
