//! The same questions to the library.

use futures::executor::block_on;
use jiff::Timestamp;
use sops::document::CheckMac;
use sops::{Creation, Document, Error, Format, KeyGroup};

use crate::cases::{Case, Keys};

pub(crate) type Answer = Result<Vec<u8>, Error>;

pub(crate) fn encrypt(case: &Case, keys: &Keys) -> Answer {
    let now: Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
    let ids = |group: &[usize]| group.iter().map(|number| keys.id(*number)).collect::<Vec<_>>();
    let groups: Vec<KeyGroup> =
        case.groups.iter().map(|group| KeyGroup::new(ids(group), "2024-05-06T07:08:09Z")).collect();
    let creation = Creation {
        groups: &groups,
        shamir_threshold: case.threshold,
        selector: Some(case.selector.clone()),
        allow_unencrypted: true,
        mac_only_encrypted: case.mac_only_encrypted,
        now,
    };
    let document = Document::plain(case.input, &case.document, case.output)?;
    let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(std::io::Error::other);
    let (sealed, _) = block_on(document.encrypt(&creation, &keys.services(), &mut random))?;
    sealed.emit(case.output, case.indent).map(|bytes| bytes.to_vec())
}

pub(crate) fn decrypt(bytes: &[u8], input: Format, output: Format, keys: &Keys) -> Answer {
    let document = Document::load(input, bytes)?;
    let (key, _) = block_on(document.open_data_key(&keys.services(), &[]))?;
    let opened = document.open(&key.expect("the keys of the case"), CheckMac::Yes)?;
    output.emit(&opened.branches, None).map(|bytes| bytes.to_vec())
}

pub(crate) fn convert(bytes: &[u8], input: Format, output: Format) -> Answer {
    let branches = input.load(bytes)?;
    if branches.is_empty() {
        return Err(Error::Empty);
    }
    output.emit(&branches, None).map(|bytes| bytes.to_vec())
}
