//! Files of the original that are opened and written again, and files of old versions.

use sops::{Change, CheckMac, Document, Format};

use crate::folder::Folder;
use crate::generate::{self, Dice};
use crate::{NOW, data_key, encrypt, group, load, opened, random, save, sops};

fn change() -> Change {
    Change { now: NOW.parse().unwrap(), raise_version: false }
}

fn changed(before: &str, after: &str) -> Vec<String> {
    let old: Vec<&str> = before.lines().collect();
    assert_eq!(old.len(), after.lines().count(), "no line more or less");
    let new = after.lines().zip(old).filter(|(new, old)| new != old).map(|(new, _)| new.trim());
    new.map(|line| line.split(':').next().unwrap_or_default().replace('"', "")).collect()
}

#[test]
fn a_file_of_the_original_that_is_written_again_keeps_every_line() {
    let folder = Folder::new();
    let mut lines = 0;
    for seed in 0..40 {
        let (name, text) = if seed % 4 == 0 {
            ("a.json", generate::json(&mut Dice(seed), 60))
        } else {
            ("a.yaml", generate::yaml(&mut Dice(9000 + seed), 20, true))
        };
        folder.write(name, &text);
        let before = sops(&folder, &["-e", "--age", &folder.recipient, name]).text();
        folder.write(name, &before);
        let document = load(&folder, name);
        let key = data_key(&folder, &document);
        let open = document.open(&key, CheckMac::Yes).unwrap();
        let (after, _) = document.edit(&open, &open.branches, &change(), &mut random()).unwrap();
        save(&folder, name, &after);
        let after = folder.read(name);
        // What they have put beside a value stands above it once it is edited, here as there: then nothing moves any more.
        let settled = if after.lines().count() == before.lines().count() { before } else { after };
        folder.write(name, &settled);
        let document = load(&folder, name);
        let open = document.open(&key, CheckMac::Yes).unwrap();
        let (again, _) = document.edit(&open, &open.branches, &change(), &mut random()).unwrap();
        save(&folder, name, &again);
        let words = changed(&settled, &folder.read(name));
        assert!(words.iter().all(|word| ["mac", "lastmodified"].contains(&word.as_str())), "seed {seed}: {words:?}");
        lines += settled.lines().count();
        assert_eq!(sops(&folder, &["-d", name]).code, 0, "seed {seed}");
    }
    assert!(lines > 4000, "{lines} lines compared");
}

#[test]
fn comments_in_clear_that_should_be_encrypted_are_kept_and_told() {
    let folder = Folder::new();
    folder.write("plain.yaml", "# top\na: one\nm:\n    # within\n    b: two\n");
    let text = sops(&folder, &["-e", "--age", &folder.recipient, "plain.yaml"]).text();
    let old: Vec<String> = text
        .lines()
        .map(|line| match line.split_once("#ENC[") {
            Some((indent, _)) => format!("{indent}# from the old days"),
            None => line.to_owned(),
        })
        .collect();
    folder.write("old.yaml", old.join("\n"));
    let document = load(&folder, "old.yaml");
    let open = document.open(&data_key(&folder, &document), CheckMac::Yes).unwrap();
    let places: Vec<String> = open.plain_comments.iter().map(|place| place.keys.join(".")).collect();
    assert_eq!(places, ["", "m"]);
    assert_eq!(opened(&folder, &document), sops(&folder, &["-d", "old.yaml"]).text());
    let (after, _) = document.edit(&open, &open.branches, &change(), &mut random()).unwrap();
    save(&folder, "new.yaml", &after);
    assert!(!folder.read("new.yaml").contains("old days"), "written again they are encrypted");
    assert_eq!(sops(&folder, &["-d", "new.yaml"]).text(), opened(&folder, &document));
}

#[test]
fn list_comments_under_a_comment_selector_open_again() {
    // The original cannot read back what it writes here.
    let folder = Folder::new();
    let text = "l:\n    # sec\n    # one\n    - a\n    # two\n    - b\n# other\nc: d\n";
    let plain = Document::load(Format::Yaml, text.as_bytes()).unwrap();
    folder.write("plain.yaml", text);
    let words = ["-e", "--age", &folder.recipient, "--encrypted-comment-regex", "sec", "plain.yaml"];
    folder.write("theirs.yaml", sops(&folder, &words).text());
    assert_ne!(sops(&folder, &["-d", "theirs.yaml"]).code, 0);
    let theirs = load(&folder, "theirs.yaml");
    assert_eq!(opened(&folder, &theirs), text);
    let open = theirs.open(&data_key(&folder, &theirs), CheckMac::Yes).unwrap();
    assert!(open.branches.as_slice() == plain.branches());
}

#[test]
fn a_rotated_file_opens_with_the_original_under_its_new_key_only() {
    let (folder, other) = (Folder::new(), Folder::new());
    let text = generate::yaml(&mut Dice(77), 30, true);
    let plain = Document::load(Format::Yaml, text.as_bytes()).unwrap();
    let document = encrypt(&plain, &[group(&folder.recipient)], None);
    let open = document.open(&data_key(&folder, &document), CheckMac::Yes).unwrap();
    let again = encrypt(&plain, &[group(&other.recipient)], None);
    let (key, groups) = (data_key(&other, &again), again.metadata().unwrap().groups.clone());
    let (rotated, _) = document.rotate(&open.branches, (&key, groups), &change(), &mut random()).unwrap();
    save(&other, "rotated.yaml", &rotated);
    save(&folder, "before.yaml", &document);
    assert_eq!(sops(&other, &["-d", "rotated.yaml"]).text(), sops(&folder, &["-d", "before.yaml"]).text());
    save(&folder, "rotated.yaml", &rotated);
    assert_eq!(sops(&folder, &["-d", "rotated.yaml"]).code, 128);
}
