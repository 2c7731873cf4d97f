//! `spec.template.data`: texts that are rendered over the opened values, by the rules of the original's newest release. A text
//! sees the values and, unrendered, the texts beside it; of a text and a value of one name the value counts; `null` takes a
//! key out of the Secret but not out of sight.

use std::collections::BTreeMap;

use crds::SealedSecret;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::opening::Faults;
use crate::failure::Failure;
use crate::reason::Reason;
use crate::secret_data::SecretData;
use crate::template::{self, Options};

/// Renders the templates of an object into what was opened.
pub(super) fn render(object: &SealedSecret, data: &mut SecretData, now: Timestamp) -> Result<(), Failure> {
    let template = object.spec.template.as_ref().and_then(|template| template.data.as_ref());
    let Some(texts) = template.filter(|texts| !texts.is_empty()) else { return Ok(()) };
    let visible = visible(texts, data);
    let mut faults = Faults::default();
    for (key, text) in texts {
        let Some(text) = text else {
            data.values.remove(key);
            continue;
        };
        if object.spec.encrypted_data.contains_key(key) {
            continue;
        }
        match template::render(text, &visible, &Options::new(key, now, &random)) {
            Ok(rendered) => data.insert(key.clone(), rendered),
            Err(error) => faults.add(format!("template: {error}"), key),
        }
    }
    faults.into_result(Reason::TemplateFailed)
}

fn visible(texts: &BTreeMap<String, Option<String>>, data: &SecretData) -> BTreeMap<String, Zeroizing<Vec<u8>>> {
    let written = texts.iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
    let mut visible: BTreeMap<_, _> =
        written.map(|(key, text)| (key.clone(), Zeroizing::new(text.clone().into_bytes()))).collect();
    visible.extend(data.values.iter().map(|(key, value)| (key.clone(), value.clone())));
    visible
}

fn random(bytes: &mut [u8]) {
    // The system's generator does not fail; if it did, the pass must end here and not with a password of zeroes.
    aws_lc_rs::rand::fill(bytes).expect("the system gives random bytes");
}
