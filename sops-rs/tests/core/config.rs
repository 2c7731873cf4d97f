//! Who `.sops.yaml` names: the original tells it when it is asked to update the keys of a file, and the answer is no.

use sops::config::Config;
use sops::{Document, Format, KeyId};

use crate::folder::{Ended, Folder};
use crate::peer::peer;
use crate::{encrypt, group, save};

/// Rules of which every key has a text form.
const RULES: &[&str] = &[
    "{age: AGE}",
    "{age: 'AGE,AGE2, AGE'}",
    "{age: [AGE2, 'AGE,AGE2'], pgp: 'AB CD,EF01', kms: 'arn:aws:kms:eu-west-1:1:key/a, arn:aws:kms:eu-west-1:1:key/b+arn:aws:iam::1:role/r'}",
    "{kms: ['arn:aws:kms:us-east-1:1:alias/x'], aws_profile: ops, gcp_kms: 'projects/p/locations/l/keyRings/r/cryptoKeys/k,projects/q'}",
    "{hckms: ['tr-west-1:u', 'x:y'], azure_keyvault: 'https://a.vault.azure.net/keys/k/v1,https://b.vault.azure.net/keys/k/v2'}",
    "{hc_vault_transit_uri: ['https://v:8200/v1/transit/keys/k', 'http://w/v2/a/b/c/keys/d/'], pgp: ''}",
    "{hc_vault_transit_uri: https://v/v1/transit/encrypt/k}",
    "{pgp: [FF, FF, EE], age: []}",
    "{pgp: AA, key_groups: [{pgp: [BB, BB, CC], age: [AGE]}, {age: [AGE2]}]}",
    "{key_groups: [{merge: [{pgp: [AA], merge: [{pgp: [BB], age: [AGE]}]}, {pgp: [CC, AA]}], age: [AGE, AGE2]}]}",
    "{key_groups: [{kms: [{arn: 'arn:aws:kms:eu-west-1:1:key/a', role: 'arn:aws:iam::1:role/r', context: {z: '1', b: '2'}, aws_profile: p}, {arn: 'arn:aws:kms:eu-west-1:1:key/a', context: {k: v}}]}]}",
    "{key_groups: [{hc_vault: ['https://v:8200/v1/t/keys/k'], azure_keyvault: [{vaultUrl: 'https://a.vault.azure.net', key: k, version: v}], hckms: [{key_id: 'r:u'}], gcp_kms: [{resource_id: projects/x}], kms: [{arn: 'arn:aws:kms:eu-west-1:1:key/a'}], pgp: [AA], age: [AGE]}]}",
    "{key_groups: [{age: [AGE2]}, {age: [AGE2]}], shamir_threshold: 2, unknown: 1}",
    // Those cannot be used.
    "{age: age2xyz}",
    "{age: {a: b}}",
    "{hckms: 'tr-west-1:u'}",
    "{hckms: [nothing]}",
    "{azure_keyvault: https://a.vault.azure.net/k}",
    "{hc_vault_transit_uri: 'https://v/path/v1/transit/keys/k'}",
    "{hc_vault_transit_uri: v/v1/transit/keys/k}",
    "{hc_vault_transit_uri: 'https://v/v1/transit/k'}",
    "{pgp: 5}",
    "{key_groups: [{age: [nobody]}]}",
    "{key_groups: 5}",
];

/// The groups that the original would give the file, key by key.
fn told(ended: Ended) -> Option<Vec<Vec<String>>> {
    if ended.code != 0 {
        return None;
    }
    let mut groups: Vec<Vec<String>> = Vec::new();
    for line in String::from_utf8(ended.stdout).unwrap().lines() {
        if line.starts_with("Group ") {
            groups.push(Vec::new());
        } else if let Some(name) = line.strip_prefix("+++ ") {
            groups.last_mut().unwrap().push(name.to_owned());
        }
    }
    Some(groups)
}

#[test]
fn rules_name_the_keys_that_the_original_reads_in_them() {
    let (folder, second) = (Folder::new(), Folder::new());
    // The file is for neither: every key of a rule is then a new one, in the order of the rule.
    let plain = Document::load(Format::Yaml, b"a: b\n").unwrap();
    save(&folder, "file.yaml", &encrypt(&plain, &[group(&Folder::new().recipient)], None));
    let mut used = 0;
    for rule in RULES {
        let rule = rule.replace("AGE2", &second.recipient).replace("AGE", &folder.recipient);
        let text = format!("creation_rules:\n  - {rule}\n");
        folder.write(".sops.yaml", &text);
        let theirs = told(folder.run(&peer("sops"), &["updatekeys", "file.yaml"], b"n\n"));
        let found = Config::parse(&text).and_then(|config| config.creation_rule("file.yaml"));
        let ours = found.ok().flatten().map(|found| {
            found.groups.iter().map(|group| group.iter().map(KeyId::name).collect()).collect::<Vec<Vec<String>>>()
        });
        assert_eq!(ours, theirs, "{rule}");
        used += usize::from(ours.is_some());
    }
    assert_eq!(used, 13, "rules that can be used");
}
