//! Conditions that move only when there is news: a status that is written anew for no reason wakes whoever watches it.

use crds::Condition;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::failure::Failure;
use crate::reason::Reason;

/// The longest message that is written, in bytes.
const MAX_MESSAGE: usize = 1024;

/// A condition as it should read now.
pub struct Claimed<'a> {
    /// Its type.
    pub type_: &'a str,
    /// Whether it holds.
    pub holds: bool,
    /// The cause in one word; absent where the original writes none.
    pub reason: Option<Reason>,
    /// The cause in one sentence.
    pub message: &'a str,
}

/// The condition to write: the old one where nothing is new, with its transition time where `holds` has not flipped.
pub fn condition(old: &[Condition], claimed: &Claimed<'_>, now: Timestamp) -> Condition {
    let status = if claimed.holds { "True" } else { "False" };
    let before = old.iter().find(|condition| condition.type_ == claimed.type_);
    let message = clip(claimed.message);
    let reason = claimed.reason.map(|reason| reason.as_str().to_owned());
    if let Some(before) = before
        && before.status == status
        && before.reason == reason
        && before.message.as_deref().unwrap_or_default() == message
    {
        return before.clone();
    }
    let since = before.filter(|before| before.status == status).and_then(|before| before.last_transition_time.clone());
    Condition {
        type_: claimed.type_.to_owned(),
        status: status.to_owned(),
        last_update_time: None,
        last_transition_time: since.or(Some(Time(now))),
        reason,
        message: (!message.is_empty()).then_some(message),
    }
}

/// `Ready`: whether the Secrets hold what the object describes.
pub fn ready(old: &[Condition], verdict: Result<(Reason, &str), &Failure>, now: Timestamp) -> Condition {
    let claimed = match verdict {
        Ok((reason, message)) => Claimed { type_: "Ready", holds: true, reason: Some(reason), message },
        Err(failure) => {
            Claimed { type_: "Ready", holds: false, reason: Some(failure.reason), message: &failure.message }
        }
    };
    condition(old, &claimed, now)
}

fn clip(message: &str) -> String {
    if message.len() <= MAX_MESSAGE {
        return message.to_owned();
    }
    let end = (0..=MAX_MESSAGE).rev().find(|end| message.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_transition_time_moves_only_on_a_flip() {
        let first = ready(&[], Ok((Reason::Synced, "")), at(1));
        let same = ready(std::slice::from_ref(&first), Ok((Reason::Synced, "")), at(2));
        assert_eq!(first, same);
        let failed = ready(&[first], Err(&Failure::passing(Reason::StoreDenied, "no")), at(3));
        assert_eq!(failed.last_transition_time, Some(Time(at(3))));
        let still = ready(std::slice::from_ref(&failed), Err(&Failure::passing(Reason::RemoteMissing, "gone")), at(4));
        assert_eq!((still.last_transition_time, still.reason.as_deref()), (Some(Time(at(3))), Some("RemoteMissing")));
    }

    #[test]
    fn a_message_has_an_end() {
        assert!(clip(&"é".repeat(5000)).len() < MAX_MESSAGE + 8);
    }
}
