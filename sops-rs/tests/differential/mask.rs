//! An encrypted file without what differs on every run. Ciphertexts keep their length and type.

/// What is looked for by its first letter: there are files of many megabytes.
const STARTS: &[u8] = b"E-lc";

pub(crate) fn masked(file: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(file.len());
    let mut rest = file;
    while let Some((first, behind)) = rest.split_first() {
        let found = STARTS.contains(first).then(|| sealed(rest).or_else(|| wrapped(rest)).or_else(|| time(rest)));
        if let Some((mask, behind)) = found.flatten() {
            out.extend_from_slice(mask.as_bytes());
            rest = behind;
        } else {
            out.push(*first);
            rest = behind;
        }
    }
    out
}

type Found<'t> = Option<(String, &'t [u8])>;

fn split<'t>(text: &'t [u8], at: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let start = text.windows(at.len()).position(|window| window == at)?;
    Some((&text[..start], &text[start + at.len()..]))
}

/// `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`
fn sealed(text: &[u8]) -> Found<'_> {
    let (inner, rest) = split(text.strip_prefix(b"ENC[AES256_GCM,data:")?, b"]")?;
    let (data, inner) = split(inner, b",iv:")?;
    let (nonce, inner) = split(inner, b",tag:")?;
    let (tag, kind) = split(inner, b",type:")?;
    let parts = [data, nonce, tag];
    // Otherwise it is a text that looks like the beginning of one.
    if parts.iter().any(|part| part.contains(&b',')) {
        return None;
    }
    let lengths = parts.map(<[u8]>::len);
    Some((format!("ENC[{lengths:?},{}]", String::from_utf8_lossy(kind)), rest))
}

/// What age or OpenPGP wrote.
fn wrapped(text: &[u8]) -> Found<'_> {
    let begun = text.strip_prefix(b"-----BEGIN ")?;
    let kind = [("AGE", &b"AGE ENCRYPTED FILE-----"[..]), ("PGP", b"PGP MESSAGE-----")];
    let (name, end) = kind.into_iter().find(|(_, end)| begun.starts_with(end))?;
    let (_, rest) = split(begun, &[b"-----END ", end].concat())?;
    Some((name.to_owned(), rest))
}

/// A time of the metadata, with its key.
fn time(text: &[u8]) -> Found<'_> {
    let key = ["lastmodified", "created_at"].into_iter().find(|key| text.starts_with(key.as_bytes()))?;
    let behind = &text[key.len()..];
    let (sign, rest) = behind.split_at(behind.iter().position(|byte| !b"\" :=".contains(byte))?);
    let (time, rest) = split(rest, b"Z")?;
    let is_time = time.len() < 30 && time.iter().all(|byte| byte.is_ascii_digit() || b"T:-".contains(byte));
    is_time.then(|| (format!("{key}{}NOW", String::from_utf8_lossy(sign)), rest))
}
