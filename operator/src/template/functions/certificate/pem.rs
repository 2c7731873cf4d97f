//! PEM: base64 between two lines that name what it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block.
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// The first block of a text, whatever stands before it.
pub(super) fn first(text: &[u8]) -> Option<Block> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (kind, after) = after.split_once("-----")?;
    let (body, _) = after.split_once(&format!("-----END {kind}-----"))?;
    // Lines with a colon are headers.
    let body: Zeroizing<String> =
        Zeroizing::new(body.lines().filter(|line| !line.contains(':')).flat_map(str::split_whitespace).collect());
    let der = Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?);
    Some(Block { kind: kind.to_owned(), der })
}

pub(super) fn written(kind: &str, der: &[u8]) -> Vec<u8> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut out = format!("-----BEGIN {kind}-----\n").into_bytes();
    for line in body.as_bytes().chunks(64) {
        out.extend(line);
        out.push(b'\n');
    }
    out.extend(format!("-----END {kind}-----\n").bytes());
    out
}
