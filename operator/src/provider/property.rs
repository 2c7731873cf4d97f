//! The part of a remote secret that an ExternalSecret asks for. An exact name at the top wins; then the property is a path
//! in the manner of gjson (<https://github.com/tidwall/gjson/blob/master/SYNTAX.md>), of which names, escapes, indices and `#`
//! are understood and the rest is refused rather than guessed.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::json::{Json, Numbers};

/// What a remote secret of a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text, which may happen to be JSON.
    Text,
    /// A map, which is handed over as JSON. The originals' rules for numbers differ from those for texts.
    Map,
}

/// Why there is no such part. No variant quotes the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// The secret has parts, but not this one.
    #[error("there is no such property")]
    Missing,
    /// Only JSON has properties.
    #[error("the remote secret is not JSON")]
    NotJson,
    /// Only an object can become several entries.
    #[error("the remote secret is not a JSON object")]
    NotObject,
    /// The path uses wildcards, queries, modifiers, pipes or multipaths.
    #[error("the property uses a part of the path syntax that is not supported")]
    Unsupported,
}

/// The bytes of a property; those of the whole secret when none is named.
pub fn select(secret: &[u8], content: Content, property: Option<&str>) -> Result<Zeroizing<Vec<u8>>, PropertyError> {
    let Some(property) = property.filter(|property| !property.is_empty()) else {
        return Ok(Zeroizing::new(secret.to_vec()));
    };
    let whole = Json::parse(secret).ok_or(PropertyError::NotJson)?;
    if let Some(value) = whole.members().and_then(|members| members.get(property).copied()) {
        return match content {
            Content::Map if is_number(value) => Ok(owned(value.raw())),
            _ => bytes(value),
        };
    }
    let path = parse_path(property)?;
    let found = walk(whole, &path).ok_or(PropertyError::Missing)?;
    bytes(Json::parse(found.as_bytes()).ok_or(PropertyError::NotJson)?)
}

/// The properties of an object, or of an object inside of it, as entries: strings without quotes, null as nothing, the rest
/// as JSON.
pub fn extract(
    secret: &[u8],
    content: Content,
    property: Option<&str>,
) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, PropertyError> {
    let selected = select(secret, content, property)?;
    let members = Json::parse(&selected).and_then(Json::members).ok_or(PropertyError::NotObject)?;
    let entry = |(name, value): (String, Json<'_>)| Ok((name, entry_bytes(value, content)?));
    members.into_iter().map(entry).collect()
}

fn entry_bytes(value: Json<'_>, content: Content) -> Result<Zeroizing<Vec<u8>>, PropertyError> {
    match (value.first(), content) {
        (b'"' | b'n', _) => bytes(value),
        (b'{' | b'[', Content::Map) => {
            let mut out = Zeroizing::new(String::with_capacity(value.raw().len()));
            value.write_like_go(Numbers::AsFloats, &mut out).ok_or(PropertyError::NotJson)?;
            Ok(owned(&out))
        }
        (_, Content::Map) if is_number(value) => {
            value.plain_float().map(|text| owned(&text)).ok_or(PropertyError::NotJson)
        }
        _ => Ok(owned(value.raw())),
    }
}

/// What gjson makes of a value: integers keep their digits, other numbers lose exponent and trailing zeros.
fn bytes(value: Json<'_>) -> Result<Zeroizing<Vec<u8>>, PropertyError> {
    let text = match value.first() {
        b'"' => return value.string().map(|text| owned(&text)).ok_or(PropertyError::NotJson),
        b'n' => return Ok(Zeroizing::default()),
        _ if is_number(value) && value.raw().contains(['.', 'e', 'E', '+']) => value.plain_float(),
        _ => return Ok(owned(value.raw())),
    };
    text.map(|text| owned(&text)).ok_or(PropertyError::NotJson)
}

fn is_number(value: Json<'_>) -> bool {
    value.first() == b'-' || value.first().is_ascii_digit()
}

fn owned(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

/// A step of a path: a name or an index, or every item of an array.
enum Step {
    Name(String),
    Each,
}

fn parse_path(property: &str) -> Result<Vec<Step>, PropertyError> {
    if property.starts_with(['@', '{', '[', '!', '.']) {
        return Err(PropertyError::Unsupported);
    }
    let mut steps = Vec::new();
    let (mut name, mut is_each) = (String::new(), false);
    let mut characters = property.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => name.extend(characters.next()),
            '.' => steps.push(step(&mut name, &mut is_each)?),
            '#' if name.is_empty() && !is_each => is_each = true,
            '*' | '?' | '|' => return Err(PropertyError::Unsupported),
            other => name.push(other),
        }
    }
    steps.push(step(&mut name, &mut is_each)?);
    Ok(steps)
}

fn step(name: &mut String, is_each: &mut bool) -> Result<Step, PropertyError> {
    match (std::mem::take(is_each), std::mem::take(name)) {
        (true, rest) if rest.is_empty() => Ok(Step::Each),
        (true, _) => Err(PropertyError::Unsupported),
        (false, name) => Ok(Step::Name(name)),
    }
}

/// The JSON text at the end of a path.
fn walk(value: Json<'_>, path: &[Step]) -> Option<Zeroizing<String>> {
    let Some((step, rest)) = path.split_first() else {
        return Some(Zeroizing::new(value.raw().to_owned()));
    };
    match (step, value.first()) {
        (Step::Name(name), b'{') => walk(*value.members()?.get(name)?, rest),
        (Step::Name(index), b'[') => walk(*value.items()?.get(index.parse::<usize>().ok()?)?, rest),
        (Step::Each, b'{') => walk(*value.members()?.get("#")?, rest),
        (Step::Each, b'[') if rest.is_empty() => Some(Zeroizing::new(value.items()?.len().to_string())),
        (Step::Each, b'[') => {
            let mut all = Zeroizing::new(String::from("["));
            for (index, found) in value.items()?.into_iter().filter_map(|item| walk(item, rest)).enumerate() {
                all.push_str(if index > 0 { "," } else { "" });
                all.push_str(&found);
            }
            all.push(']');
            Some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
