//! Regular expressions in the syntax of RE2.

use regex::Regex;

use super::Type::{Int, Text};
use super::{Arguments, Function, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::regexp::{Subject, compile, expand};
use crate::template::value::{Element, List};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("regexMatch", &[Text, Text], |host, mut arguments| {
        let (expression, text) = (arguments.text(), arguments.text());
        host.spend(64)?;
        Ok(Value::Bool(
            compile(expression.bytes()).is_some_and(|regex| regex.is_match(Subject::new(text.bytes()).seen())),
        ))
    }),
    fixed("mustRegexMatch", &[Text, Text], |host, mut arguments| {
        let regex = expression(host, &mut arguments)?;
        Ok(Value::Bool(regex.is_match(Subject::new(arguments.text().bytes()).seen())))
    }),
    fixed("regexFind", &[Text, Text], find),
    fixed("mustRegexFind", &[Text, Text], find),
    fixed("regexFindAll", &[Text, Text, Int], find_all),
    fixed("mustRegexFindAll", &[Text, Text, Int], find_all),
    fixed("regexReplaceAll", &[Text, Text, Text], |host, arguments| replace(host, arguments, true)),
    fixed("mustRegexReplaceAll", &[Text, Text, Text], |host, arguments| replace(host, arguments, true)),
    fixed("regexReplaceAllLiteral", &[Text, Text, Text], |host, arguments| replace(host, arguments, false)),
    fixed("mustRegexReplaceAllLiteral", &[Text, Text, Text], |host, arguments| replace(host, arguments, false)),
    fixed("regexSplit", &[Text, Text, Int], split),
    fixed("mustRegexSplit", &[Text, Text, Int], split),
    fixed("regexQuoteMeta", &[Text], |_, mut arguments| {
        let mut out = Vec::new();
        for byte in arguments.text().bytes() {
            if b"\\.+*?()|[]{}^$".contains(byte) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        Ok(Value::text(out))
    }),
];

/// The next argument, compiled. That costs as much as some hundred other steps.
fn expression(host: &mut Host<'_>, arguments: &mut Arguments) -> Result<Regex, Fault> {
    let expression = arguments.text();
    host.spend(64 + expression.bytes().len())?;
    compile(expression.bytes()).ok_or_else(|| Fault::new("not a regular expression"))
}

fn find(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let regex = expression(host, &mut arguments)?;
    let text = arguments.text();
    let subject = Subject::new(text.bytes());
    let found = regex.find(subject.seen());
    Ok(Value::text(found.map_or(&b""[..], |found| subject.part(found.start(), found.end()))))
}

fn find_all(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let regex = expression(host, &mut arguments)?;
    let (text, count) = (arguments.text(), arguments.int());
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let subject = Subject::new(text.bytes());
    let found = regex.find_iter(subject.seen()).take(most);
    let found: Vec<&[u8]> = found.map(|found| subject.part(found.start(), found.end())).collect();
    host.spend(found.len())?;
    Ok(if found.is_empty() { Value::List(List::nil(Element::Text)) } else { Value::texts(found) })
}

fn replace(host: &mut Host<'_>, mut arguments: Arguments, expands: bool) -> Result<Value, Fault> {
    let regex = expression(host, &mut arguments)?;
    let (text, replacement) = (arguments.text(), arguments.text());
    let subject = Subject::new(text.bytes());
    let (mut out, mut done) = (Vec::new(), 0);
    for found in regex.captures_iter(subject.seen()) {
        host.spend(1 + replacement.bytes().len() / 64)?;
        let Some(whole) = found.get(0) else { break };
        out.extend(subject.part(done, whole.start()));
        if expands {
            expand(&subject, &found, replacement.bytes(), &mut out);
        } else {
            out.extend(replacement.bytes());
        }
        if out.len() > host.longest() {
            return Err(Fault::new("a text becomes too long"));
        }
        done = whole.end();
    }
    out.extend(subject.part(done, subject.seen().len()));
    Ok(Value::text(out))
}

fn split(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let regex = expression(host, &mut arguments)?;
    let (text, count) = (arguments.text(), arguments.int());
    if count == 0 {
        return Ok(Value::List(List::nil(Element::Text)));
    }
    if !regex.as_str().is_empty() && text.bytes().is_empty() {
        return Ok(Value::texts([""]));
    }
    let subject = Subject::new(text.bytes());
    let length = subject.seen().len();
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut parts, mut start, mut end) = (Vec::new(), 0, 0);
    for found in regex.find_iter(subject.seen()).take(most) {
        if parts.len() + 1 == most {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(subject.part(start, end));
        }
        start = found.end();
    }
    if end != length {
        parts.push(subject.part(start, length));
    }
    host.spend(parts.len())?;
    Ok(Value::texts(parts))
}
