//! Files that somebody changed: the exit code says what was found, and both programs say the same.

use crate::{PLAIN, folder, sops};

/// A change of the text of an encrypted file.
type Change = fn(&str) -> String;

fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_else(|| panic!("no line {start}"))
}

fn swapped(text: &str, one: &str, other: &str) -> String {
    let (one, other) = (line(text, one), line(text, other));
    text.replace(one, "\u{0}").replace(other, one).replace('\u{0}', other)
}

fn values_swapped(text: &str, one: &str, other: &str) -> String {
    let value = |start: &str| line(text, start).split_once(": ").unwrap().1;
    text.replace(value(one), "\u{0}").replace(value(other), value(one)).replace('\u{0}', value(other))
}

fn without(text: &str, start: &str) -> String {
    text.replace(&format!("{}\n", line(text, start)), "")
}

fn with(text: &str, start: &str, new: &str) -> String {
    text.replace(line(text, start), new)
}

/// What happens to a file, and the exit code that both programs end with.
const TAMPERED: [(&str, i32, Change); 33] = [
    ("nothing", 0, |text| text.to_owned()),
    ("a plain value changed", 51, |text| with(text, "b_unencrypted", "b_unencrypted: other")),
    ("list items swapped", 51, |text| {
        let items: Vec<&str> =
            text.lines().filter(|line| line.starts_with("    - ENC") && !line.contains("comment")).collect();
        text.replace(&items[..2].join("\n"), &format!("{}\n{}", items[1], items[0]))
    }),
    ("keys swapped with their values", 51, |text| swapped(text, "a:", "c:")),
    ("values swapped", 25, |text| values_swapped(text, "a:", "c:")),
    ("a key renamed", 25, |text| text.replace("a: ENC", "z: ENC")),
    ("a key moved below another", 25, |text| text.replace("\nc: ENC", "\nc:\n    c: ENC")),
    ("text where a ciphertext should be", 25, |text| with(text, "a:", "a: one")),
    ("a number where a ciphertext should be", 25, |text| with(text, "a:", "a: 1")),
    ("lastmodified changed", 51, |text| text.replace("lastmodified: \"20", "lastmodified: \"19")),
    ("a value emptied", 51, |text| with(text, "a:", "a: \"\"")),
    ("a value made null", 51, |text| with(text, "a:", "a: null")),
    ("a value removed", 51, |text| without(text, "a:")),
    ("a plain value added", 51, |text| text.replace("\nc: ENC", "\nz_unencrypted: 1\nc: ENC")),
    ("a value repeated under the same key path", 51, |text| {
        let mut items = text.lines().filter(|line| line.starts_with("    - ENC") && !line.contains("type:comment"));
        let item = items.next().unwrap();
        text.replace(item, &format!("{item}\n{item}"))
    }),
    ("a value that should be encrypted added", 25, |text| text.replace("\nc: ENC", "\nz: 1\nc: ENC")),
    ("an empty value added", 0, |text| text.replace("\nc: ENC", "\nz: \"\"\nc: ENC")),
    ("the MAC removed", 51, |text| without(text, "mac:")),
    ("the MAC emptied", 51, |text| with(text, "mac:", "    mac: \"\"")),
    ("the MAC made text", 51, |text| with(text, "mac:", "    mac: x")),
    ("the MAC replaced by a value", 51, |text| {
        with(text, "mac:", &format!("    mac: {}", line(text, "a:").trim_start_matches("a: ")))
    }),
    ("an unknown type", 25, |text| text.replacen("type:str", "type:uuid", 1)),
    ("another type", 25, |text| text.replacen("type:str", "type:int", 1)),
    ("a number read as text", 0, |text| text.replace("type:int", "type:str")),
    ("the tag changed", 25, |text| with(text, "a:", &line(text, "a:").replace("tag:", "tag:AAAA"))),
    ("no base64", 25, |text| with(text, "a:", &line(text, "a:").replace("iv:", "iv:*"))),
    ("a comment changed", 0, |text| text.replacen("#ENC", "# ENC", 1)),
    ("a comment removed", 0, |text| without(text, "#ENC")),
    ("the rules changed", 25, |text| text.replace("unencrypted_suffix: _unencrypted", "unencrypted_suffix: _plain")),
    ("two rules", 1, |text| text.replace("unencrypted_suffix:", "encrypted_regex: a\n    unencrypted_suffix:")),
    ("no version", 1, |text| with(text, "version:", "    version: \"\"")),
    ("the block cut off", 1, |text| text[..text.find("mac: ENC").unwrap() + 2].to_owned()),
    ("the block removed", 1, |text| text[..text.find("sops:").unwrap()].to_owned()),
];

/// Codes that are others with `--ignore-mac`: what the MAC alone would find is let through then.
fn without_mac(code: i32) -> i32 {
    if code == 51 { 0 } else { code }
}

#[test]
fn tampered_files_end_with_the_codes_of_the_original() {
    let folder = folder();
    folder.write("plain.yaml", PLAIN);
    let ours = folder.ours(&["-e", "-a", &folder.recipient, "plain.yaml"]).text();
    let theirs = sops(&folder, &["-e", "-a", &folder.recipient, "plain.yaml"]).text();
    let mut wrong = Vec::new();
    for (writer, text) in [("ours", &ours), ("theirs", &theirs)] {
        for (what, code, change) in TAMPERED {
            let changed = change(text);
            assert!(what == "nothing" || changed != *text, "{what} changes nothing");
            folder.write("secret.yaml", changed);
            for (words, code) in
                [(&["-d", "secret.yaml"][..], code), (&["-d", "--ignore-mac", "secret.yaml"], without_mac(code))]
            {
                let (ours, theirs) = (folder.ours(words), sops(&folder, words));
                if ours.code != code || theirs.code != code || ours.stdout != theirs.stdout {
                    wrong.push(format!(
                        "{writer}, {what}, {words:?}: {code} expected, ours {} theirs {}; {}",
                        ours.code, theirs.code, ours.stderr
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
