//! The framing between Git and a long-running filter (gitprotocol-common, "pkt-line Format").
//!
//! ```text
//! 4 hexadecimal digits: length of the packet, these four included │ payload, 65516 bytes at most
//! 0000: flush, the end of a list
//! ```

use std::io::{self, BufRead, Write};

use zeroize::Zeroizing;

/// The longest payload Git sends and takes.
const PAYLOAD: usize = 65516;
const HEADER: usize = 4;

/// Reads packets up to a flush, one after the other; `None` when Git has hung up before the first.
pub(super) fn read_content(input: &mut impl BufRead) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut content = Zeroizing::new(Vec::new());
    if input.fill_buf()?.is_empty() {
        return Ok(None);
    }
    while let Some(packet) = read(input)? {
        content.extend_from_slice(&packet);
    }
    Ok(Some(content))
}

/// Reads a list of lines up to a flush; `None` when Git has hung up.
pub(super) fn read_lines(input: &mut impl BufRead) -> io::Result<Option<Vec<String>>> {
    let mut lines = Vec::new();
    if input.fill_buf()?.is_empty() {
        return Ok(None);
    }
    while let Some(packet) = read(input)? {
        let line = packet.strip_suffix(b"\n").unwrap_or(&packet);
        lines.push(String::from_utf8_lossy(line).into_owned());
    }
    Ok(Some(lines))
}

/// One packet; `None` for a flush.
fn read(input: &mut impl BufRead) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "malformed packet");
    let mut header = [0; HEADER];
    input.read_exact(&mut header)?;
    let digits = std::str::from_utf8(&header).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let length = digits.and_then(|text| usize::from_str_radix(text, 16).ok()).ok_or_else(malformed)?;
    if length == 0 {
        return Ok(None);
    }
    let length = length.checked_sub(HEADER).filter(|length| *length <= PAYLOAD).ok_or_else(malformed)?;
    let mut payload = Zeroizing::new(vec![0; length]);
    input.read_exact(&mut payload)?;
    Ok(Some(payload))
}

/// Writes bytes as packets and a flush.
pub(super) fn write_content(output: &mut impl Write, content: &[u8]) -> io::Result<()> {
    for part in content.chunks(PAYLOAD) {
        packet(output, part)?;
    }
    flush(output)
}

/// Writes a list of lines and a flush.
pub(super) fn write_lines(output: &mut impl Write, lines: &[&str]) -> io::Result<()> {
    for line in lines {
        packet(output, format!("{line}\n").as_bytes())?;
    }
    flush(output)
}

fn packet(output: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    write!(output, "{:04x}", payload.len() + HEADER)?;
    output.write_all(payload)
}

fn flush(output: &mut impl Write) -> io::Result<()> {
    output.write_all(b"0000")?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::{PAYLOAD, read_content, read_lines, write_content, write_lines};

    #[test]
    fn what_is_written_is_read() {
        let content: Vec<u8> = (0..=255).cycle().take(PAYLOAD * 2 + 5).collect();
        let mut bytes = Vec::new();
        write_lines(&mut bytes, &["command=clean", "pathname=a b.yaml"]).unwrap();
        write_content(&mut bytes, &content).unwrap();
        write_content(&mut bytes, b"").unwrap();
        let mut input = bytes.as_slice();
        assert_eq!(read_lines(&mut input).unwrap().unwrap(), ["command=clean", "pathname=a b.yaml"]);
        assert_eq!(*read_content(&mut input).unwrap().unwrap(), content);
        assert!(read_content(&mut input).unwrap().unwrap().is_empty());
        assert!(read_lines(&mut input).unwrap().is_none(), "the other side has hung up");
    }

    #[test]
    fn malformed_packets_are_errors() {
        for bytes in [&b"zzzz"[..], b"0003", b"ffffx", b"0009ab", b"+00a123456", b"00"] {
            assert!(read_content(&mut &*bytes).is_err(), "{bytes:?}");
        }
    }
}
