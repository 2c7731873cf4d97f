//! Who can open a file: groups of keys, and the entries of all seven kinds.

use futures::executor::block_on;
use regex::Regex;
use sops::document::wrap;
use sops::master_key::age::AgeKeys;
use sops::master_key::{AwsKmsKey, AzureKey, VaultTransitKey};
use sops::{DataKey, Document, Format, KeyGroup, KeyId, MasterKey};

use crate::folder::Folder;
use crate::{NOW, data_key, encrypt, group, identities, load, opened, random, save, sops};

const PLAIN: &str = "# why\na: one\nl:\n    - x\n    - 2\n";

/// A folder whose identity opens one group only, and folders of two more people.
fn people() -> [Folder; 3] {
    [Folder::new(), Folder::new(), Folder::new()]
}

/// Gives the first person the identities of these.
fn hold(folder: &Folder, others: &[&Folder]) {
    let identities: Vec<String> = others.iter().map(|other| other.read("key.txt")).collect();
    folder.write("key.txt", identities.join("\n"));
}

#[test]
fn each_opens_the_groups_of_the_other() {
    let [one, two, three] = people();
    let desk = Folder::new();
    let plain = Document::load(Format::Yaml, PLAIN.as_bytes()).unwrap();
    let groups = [group(&one.recipient), group(&two.recipient), group(&three.recipient)];
    save(&desk, "ours.yaml", &encrypt(&plain, &groups, Some(2)));
    save(&desk, "ours.all.yaml", &encrypt(&plain, &groups, None));
    let rules = |threshold: &str| {
        let age = |person: &Folder| format!("      - age: [{}]\n", person.recipient);
        format!("creation_rules:\n  - {threshold}key_groups:\n{}{}{}", age(&one), age(&two), age(&three))
    };
    desk.write("plain.yaml", PLAIN);
    desk.write(".sops.yaml", rules("shamir_threshold: 2\n    "));
    desk.write("theirs.yaml", sops(&desk, &["-e", "plain.yaml"]).text());
    desk.write(".sops.yaml", rules(""));
    desk.write("theirs.all.yaml", sops(&desk, &["-e", "plain.yaml"]).text());

    for (holders, two_of_three, all) in [
        (vec![&one], false, false),
        (vec![&one, &three], true, false),
        (vec![&three, &two], true, false),
        (vec![&three, &two, &one], true, true),
    ] {
        hold(&desk, &holders);
        for (name, opens) in [
            ("ours.yaml", two_of_three),
            ("theirs.yaml", two_of_three),
            ("ours.all.yaml", all),
            ("theirs.all.yaml", all),
        ] {
            let document = load(&desk, name);
            let case = format!("{name} with {} of 3", holders.len());
            assert_eq!(sops(&desk, &["-d", name]).code, if opens { 0 } else { 128 }, "{case}");
            assert_eq!(document.data_key(&identities(&desk)).is_ok(), opens, "{case}");
            let keys = AgeKeys::new(identities(&desk));
            let (key, attempts) = block_on(document.open_data_key(&[&keys], &["age"])).unwrap();
            assert_eq!((key.is_some(), attempts.opened()), (opens, holders.len()), "{case}");
            assert_eq!(attempts.needed, if name.contains("all") { 3 } else { 2 }, "{case}");
            if opens {
                assert_eq!(opened(&desk, &document), PLAIN, "{case}");
            }
        }
    }
}

/// One key of each kind but age, and further ones that make use of optional fields. What they hold is never opened.
fn strangers() -> Vec<MasterKey> {
    let kms = |role: &str, context: &[(&str, &str)], profile: &str| {
        KeyId::AwsKms(AwsKmsKey {
            arn: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
            role: role.to_owned(),
            context: context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            aws_profile: profile.to_owned(),
        })
    };
    let azure = |version: &str| {
        KeyId::AzureKeyVault(AzureKey {
            vault_url: "https://shop.vault.azure.net".to_owned(),
            name: "key".to_owned(),
            version: version.to_owned(),
        })
    };
    let ids = [
        kms("", &[], ""),
        kms("arn:aws:iam::111122223333:role/x", &[("zone", "b"), ("app", "1: yes"), ("empty", "")], "ops"),
        KeyId::GcpKms("projects/p/locations/global/keyRings/r/cryptoKeys/k".to_owned()),
        KeyId::HuaweiKms("tr-west-1:8dfb2c06-4a36-4f74-b2b7-7ab1a5a8b2c1".to_owned()),
        azure("5f6c0b5ab6d84e7fa0f3"),
        azure(""),
        KeyId::VaultTransit(VaultTransitKey {
            vault_address: "https://vault.example:8200".to_owned(),
            engine_path: "team/transit".to_owned(),
            key_name: "key".to_owned(),
        }),
        KeyId::Pgp("FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4".to_owned()),
    ];
    let keys = ids.into_iter().enumerate().map(|(number, id)| MasterKey {
        enc: if number == 7 {
            "-----BEGIN PGP MESSAGE-----\n\nhQEM\n=abcd\n-----END PGP MESSAGE-----".to_owned()
        } else {
            format!("AQICAHh+/{number}==")
        },
        ..MasterKey::new(id, NOW)
    });
    keys.collect()
}

/// The block of a file without what every writing changes.
fn block(text: &str) -> String {
    let start = text.find("sops:").or_else(|| text.find("\"sops\"")).unwrap();
    let changing = Regex::new(r#"(?m)^\s*"?(mac|lastmodified)"?: .*$"#).unwrap();
    changing.replace_all(&text[start..], "").into_owned()
}

fn names(document: &Document) -> Vec<[String; 4]> {
    let keys = document.metadata().unwrap().master_keys();
    keys.map(|key| [key.kind().to_owned(), key.name(), key.enc.clone(), key.created_at.clone()]).collect()
}

/// Lets the original write the file again and compares the blocks.
fn written_again_it_is_the_same(folder: &Folder, name: &str, document: &Document) {
    save(folder, name, document);
    let ours = folder.read(name);
    assert_eq!(sops(folder, &["set", name, "[\"a\"]", "\"new\""]).text(), "");
    assert_eq!(block(&folder.read(name)), block(&ours), "{name}");
    let again = load(folder, name);
    assert_eq!(names(&again), names(document), "{name} is read as it was");
    assert!(opened(folder, &again).contains("new"));
}

#[test]
fn every_kind_of_key_is_written_as_the_original_writes_it() {
    let folder = Folder::new();
    for (format, name, plain) in
        [(Format::Yaml, "one.yaml", "a: one\n"), (Format::Json, "one.json", "{\"a\": \"one\"}\n")]
    {
        let plain = Document::load(format, plain.as_bytes()).unwrap();
        let document = encrypt(&plain, &[group(&folder.recipient)], Some(2));
        let mut groups = document.metadata().unwrap().groups.clone();
        let age = groups[0].0.remove(0);
        groups[0].0 = strangers();
        groups[0].0.push(age);
        written_again_it_is_the_same(&folder, name, &document.with_keys(groups, Some(2)).unwrap());
    }
}

#[test]
fn every_kind_of_key_in_groups_is_written_as_the_original_writes_it() {
    let folder = Folder::new();
    let plain = Document::load(Format::Yaml, b"a: one\n").unwrap();
    let ours = group(&folder.recipient);
    let document = encrypt(&plain, &[ours.clone(), ours.clone(), ours], Some(2));
    let mut groups = document.metadata().unwrap().groups.clone();
    let age = groups[0].0.remove(0);
    groups[0].0 = strangers();
    groups[0].0.push(age);
    groups[1].0.insert(0, strangers().remove(6));
    groups[2].0 = vec![strangers().remove(7)];
    written_again_it_is_the_same(&folder, "groups.yaml", &document.with_keys(groups, Some(2)).unwrap());
}

#[test]
fn a_group_more_or_less_leaves_the_values_alone() {
    let [one, two, three] = people();
    let desk = Folder::new();
    let plain = Document::load(Format::Yaml, PLAIN.as_bytes()).unwrap();
    let first = encrypt(&plain, &[group(&one.recipient)], None);
    hold(&desk, &[&one, &two, &three]);
    let key: DataKey = data_key(&desk, &first);
    let mut document = first.clone();
    for (people, threshold) in [(vec![&one, &two], None), (vec![&one, &two, &three], Some(2)), (vec![&three], Some(2))]
    {
        let mut groups: Vec<KeyGroup> = people.iter().map(|person| group(&person.recipient)).collect();
        let keys = AgeKeys::new(Vec::new());
        let threshold = block_on(wrap(&key, (&mut groups, threshold), &[&keys], &mut random())).unwrap();
        document = document.with_keys(groups, threshold).unwrap();
        save(&desk, "file.yaml", &document);
        assert_eq!(sops(&desk, &["-d", "file.yaml"]).text(), PLAIN);
        assert!(document.branches() == first.branches());
    }
    hold(&desk, &[&one, &two]);
    assert_eq!(sops(&desk, &["-d", "file.yaml"]).code, 128, "one of those who were taken out");
}
