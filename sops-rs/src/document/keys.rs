//! The data key of a file: opening it with what the user has, and wrapping it for the master keys.
//!
//! With one key group every master key holds the data key. With several, each group holds a share of it.

use zeroize::Zeroizing;

use super::{Document, Random, old_context};
use crate::data_key::{self, DataKey};
use crate::error::Error;
use crate::master_key::age::{AgeKeys, Identity};
use crate::master_key::{KeyError, KeyId, KeyService};
use crate::metadata::{KeyGroup, MasterKey, Metadata};
use crate::shamir::{self, Share};

/// Length of a share of a data key in bytes.
const SHARE_LEN: usize = data_key::LEN + 1;

/// What became of the attempts to open a data key. Holds public names and reasons only.
#[derive(Clone, Debug)]
pub struct Attempts {
    /// One for each key group, in the order of the file.
    pub groups: Vec<GroupAttempt>,
    /// How many groups are needed.
    pub needed: usize,
}

/// What became of one key group.
#[derive(Clone, Debug)]
pub struct GroupAttempt {
    /// The keys that were tried, in the order in which they were.
    pub keys: Vec<KeyAttempt>,
    /// Whether one of them opened.
    pub opened: bool,
}

/// What became of one master key.
#[derive(Clone, Debug)]
pub struct KeyAttempt {
    /// The list it stands in.
    pub kind: String,
    /// Its public name.
    pub name: String,
    /// What each key service answered, up to the first that opened it.
    pub answers: Vec<Result<(), KeyError>>,
    /// It opened with another encryption context than the file says, as `sops` before 3.3.0 wrapped it.
    pub old_context: bool,
}

impl Attempts {
    /// How many groups opened.
    pub fn opened(&self) -> usize {
        self.groups.iter().filter(|group| group.opened).count()
    }
}

impl Document {
    /// Opens the data key with the first identity that fits, in each group; age keys only.
    ///
    /// # Errors
    /// [`Error::NoIdentity`] if too few groups open.
    pub fn data_key(&self, identities: &[Identity]) -> Result<DataKey, Error> {
        let (metadata, _) = self.encrypted()?;
        let keys = AgeKeys::new(identities.to_vec());
        let parts = metadata.groups.iter().filter_map(|group| {
            group.0.iter().find_map(|key| match &key.id {
                KeyId::Age(_) => keys.open(key.enc.as_bytes(), SHARE_LEN).ok(),
                _ => None,
            })
        });
        join(metadata, &parts.collect::<Vec<Share>>()).ok_or_else(|| Error::NoIdentity { recipients: names(metadata) })
    }

    /// Opens the data key with the help of `services`, each asked in turn for each key. Keys of a group are tried by
    /// kind, those of `order` first; every group is tried.
    ///
    /// The second value says what was tried, whether or not it led to a data key.
    ///
    /// # Errors
    /// [`Error::NotEncrypted`].
    pub async fn open_data_key(
        &self,
        services: &[&dyn KeyService],
        order: &[&str],
    ) -> Result<(Option<DataKey>, Attempts), Error> {
        let (metadata, _) = self.encrypted()?;
        let mut attempts = Attempts { groups: Vec::new(), needed: needed(metadata) };
        let mut parts = Vec::new();
        for group in &metadata.groups {
            let (part, attempt) = open_group((group, &metadata.version), services, order).await;
            parts.extend(part);
            attempts.groups.push(attempt);
        }
        Ok((join(metadata, &parts), attempts))
    }
}

async fn open_group(
    (group, version): (&KeyGroup, &str),
    services: &[&dyn KeyService],
    order: &[&str],
) -> (Option<Share>, GroupAttempt) {
    let mut keys: Vec<&MasterKey> = group.0.iter().collect();
    keys.sort_by_key(|key| order.iter().position(|kind| *kind == key.kind()).unwrap_or(order.len()));
    let mut attempt = GroupAttempt { keys: Vec::new(), opened: false };
    for key in keys {
        let (mut part, mut answers) = open_key(&key.id, &key.enc, services).await;
        let mut old_context = false;
        for reading in old_context::readings(version, &key.id) {
            if part.is_some() {
                break;
            }
            let (opened, others) = open_key(&reading, &key.enc, services).await;
            if opened.is_some() {
                (part, answers, old_context) = (opened, others, true);
            }
        }
        attempt.keys.push(KeyAttempt { kind: key.kind().to_owned(), name: key.name(), answers, old_context });
        if part.is_some() {
            attempt.opened = true;
            return (part, attempt);
        }
    }
    (None, attempt)
}

/// Asks each key service in turn, until one opens the key.
async fn open_key(id: &KeyId, enc: &str, services: &[&dyn KeyService]) -> (Option<Share>, Vec<Result<(), KeyError>>) {
    let mut answers = Vec::new();
    for service in services {
        match service.unwrap(id, enc).await {
            Ok(opened) => {
                answers.push(Ok(()));
                return (Some(opened), answers);
            }
            Err(error) => answers.push(Err(error)),
        }
    }
    (None, answers)
}

/// How many groups give the data key.
fn needed(metadata: &Metadata) -> usize {
    let groups = metadata.groups.len();
    let threshold = metadata.shamir_threshold.and_then(|threshold| usize::try_from(threshold).ok());
    if groups == 1 { 1 } else { threshold.unwrap_or(groups) }
}

fn join(metadata: &Metadata, parts: &[Share]) -> Option<DataKey> {
    if parts.len() < needed(metadata) {
        return None;
    }
    if metadata.groups.len() == 1 {
        return DataKey::from_slice(parts.first()?);
    }
    DataKey::from_slice(&shamir::combine(parts).ok()?)
}

fn names(metadata: &Metadata) -> String {
    let names: Vec<String> = metadata.master_keys().map(MasterKey::name).collect();
    names.join(", ")
}

/// Wraps a data key with all master keys of all groups and gives back the threshold that the file has to say: with
/// several groups each gets a share, and a threshold of `None` or 0 asks for all of them.
///
/// # Errors
/// [`Error::Wrap`] names the first master key that failed; [`Error::Shamir`] if the threshold fits no groups.
pub async fn wrap(
    key: &DataKey,
    (groups, threshold): (&mut [KeyGroup], Option<i64>),
    services: &[&dyn KeyService],
    random: &mut Random<'_>,
) -> Result<Option<i64>, Error> {
    let count = groups.len();
    let asked = threshold.filter(|threshold| *threshold != 0);
    let (parts, threshold) = if count == 1 {
        (vec![Zeroizing::new(key.as_bytes().to_vec())], asked)
    } else {
        let needed = asked.map_or(Ok(count), usize::try_from).map_err(|_| shamir::ShamirError::Threshold)?;
        (shamir::split(key.as_bytes(), count, needed, random)?, i64::try_from(needed).ok())
    };
    for (group, part) in groups.iter_mut().zip(&parts) {
        for key in &mut group.0 {
            key.enc = wrap_one(&key.id, part, services).await?;
        }
    }
    Ok(threshold)
}

async fn wrap_one(id: &KeyId, part: &[u8], services: &[&dyn KeyService]) -> Result<String, Error> {
    let mut cause = KeyError::Unsupported(id.kind().to_owned());
    for service in services {
        match service.wrap(id, part).await {
            Ok(enc) => return Ok(enc),
            // The most telling answer is that of a service that has the kind of key.
            Err(KeyError::Unsupported(_)) => {}
            Err(error) => cause = error,
        }
    }
    Err(Error::Wrap { key: id.name(), cause })
}
