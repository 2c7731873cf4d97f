//! When the store is to be read again, by the rules of the External Secrets Operator: a takeover from it reads nothing that
//! it would not have read.

use std::time::Duration;

use crds::ExternalSecretSpec;
use jiff::Timestamp;

use crate::source::{Due, State};

/// What the definition fills in.
const DEFAULT_INTERVAL: Duration = Duration::from_hours(1);

/// Whether the store is to be read now, later or never again. `version` is that of the object as it is, in the form of
/// [`resource_version`](super::markers::resource_version).
///
/// An interval of zero or less means once, whatever is edited afterwards. An interval that cannot be read counts as the
/// default here; [`parts`](super::assemble::parts) reports it.
pub fn due(spec: &ExternalSecretSpec, state: &State, version: &str, now: Timestamp) -> Due {
    let synced = state.synced_version.as_deref().filter(|synced| !synced.is_empty());
    let is_changed = synced != Some(version);
    let once = |is_due: bool| if is_due { Due::Now } else { Due::Never };
    match spec.refresh_policy.as_deref().unwrap_or_default() {
        "CreatedOnce" => once(synced.is_none() || state.refresh_time.is_none()),
        "OnChange" => once(is_changed || state.refresh_time.is_none()),
        _ => match (interval(spec).unwrap_or(DEFAULT_INTERVAL), state.refresh_time) {
            (Duration::ZERO, _) => once(synced.is_none()),
            _ if is_changed => Due::Now,
            (interval, Some(last)) if last <= now => match last.checked_add(interval) {
                Ok(next) if now < next => Due::At(next),
                Ok(_) => Due::Now,
                // An interval that leads beyond the end of time is never over.
                Err(_) => Due::Never,
            },
            _ => Due::Now,
        },
    }
}

/// The interval of the object; `None` when what it says is no duration.
pub(super) fn interval(spec: &ExternalSecretSpec) -> Option<Duration> {
    match spec.refresh_interval.as_deref() {
        None | Some("") => Some(DEFAULT_INTERVAL),
        Some(text) => parse_duration(text),
    }
}

/// Reads a duration as Go does (<https://pkg.go.dev/time#ParseDuration>): `1h30m`, `1.5s`, `0`. What is less than nothing is
/// nothing here, for no caller tells the two apart.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = digits;
    let mut nanoseconds = 0_u64;
    while !rest.is_empty() {
        let (part, after) = parse_part(rest)?;
        nanoseconds = nanoseconds.checked_add(part)?;
        rest = after;
    }
    let is_sound = !digits.is_empty() && i64::try_from(nanoseconds).is_ok();
    is_sound.then(|| if is_negative { Duration::ZERO } else { Duration::from_nanos(nanoseconds) })
}

/// One number with its unit, in nanoseconds, and what follows it.
fn parse_part(text: &str) -> Option<(u64, &str)> {
    let is_digit = |character: char| character.is_ascii_digit();
    let (whole, rest) = text.split_at(text.find(|character| !is_digit(character))?);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|character| !is_digit(character))?),
        None => ("", rest),
    };
    let (unit, rest) =
        rest.split_at(rest.find(|character: char| is_digit(character) || character == '.').unwrap_or(rest.len()));
    let scale: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        _ => return None,
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanoseconds = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.bytes() {
        // Beyond nanoseconds nothing is left to add.
        nanoseconds = nanoseconds.checked_add(u64::from(digit - b'0').checked_mul(place)? / 10)?;
        place /= 10;
    }
    Some((nanoseconds, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<f64> {
        parse_duration(text).map(|duration| duration.as_secs_f64())
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, expected) in [
            ("1h0m0s", 3600.0),
            ("1h30m", 5400.0),
            ("1.5h", 5400.0),
            (".5s", 0.5),
            ("1.s", 1.0),
            ("300ms", 0.3),
            ("1h1s1h", 7201.0),
            ("2us", 2e-6),
            ("2µs", 2e-6),
            ("+5m", 300.0),
            ("0", 0.0),
            ("0s", 0.0),
            ("-0", 0.0),
            ("-5m", 0.0),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", "1", "1d", "h", ".s", "1h ", "1 h", "-", "+", "1h30", "99999999999h", "9223372037s", "é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    fn due_after(policy: &str, interval: &str, state: (&str, Option<i64>), now: i64) -> Due {
        let spec = ExternalSecretSpec {
            refresh_policy: Some(policy.into()),
            refresh_interval: Some(interval.into()),
            ..ExternalSecretSpec::default()
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        let state = State { synced_version: Some(state.0.into()), refresh_time: state.1.map(at), ..State::default() };
        due(&spec, &state, "2-x", at(now))
    }

    #[test]
    fn a_periodic_refresh_is_due_when_the_interval_is_over_or_the_object_has_changed() {
        let at = |second| Due::At(Timestamp::from_second(second).unwrap());
        for policy in ["", "Periodic"] {
            assert_eq!(due_after(policy, "60s", ("2-x", Some(1000)), 1030), at(1060));
            assert_eq!(due_after(policy, "60s", ("2-x", Some(1000)), 1060), Due::Now);
            assert_eq!(due_after(policy, "60s", ("1-x", Some(1000)), 1030), Due::Now);
            assert_eq!(due_after(policy, "60s", ("", None), 1030), Due::Now);
            assert_eq!(due_after(policy, "60s", ("2-x", None), 1030), Due::Now);
            assert_eq!(
                due_after(policy, "60s", ("2-x", Some(2000)), 1030),
                Due::Now,
                "a refresh in the future is no refresh"
            );
            assert_eq!(due_after(policy, "nonsense", ("2-x", Some(1000)), 1030), at(4600));
        }
    }

    #[test]
    fn an_interval_of_nothing_means_once_even_after_an_edit() {
        for interval in ["0", "0s", "-1h"] {
            assert_eq!(due_after("", interval, ("", None), 1030), Due::Now);
            assert_eq!(due_after("", interval, ("1-x", Some(1000)), 1030), Due::Never);
        }
    }

    #[test]
    fn the_other_policies_know_no_time() {
        assert_eq!(due_after("CreatedOnce", "1s", ("", None), 1030), Due::Now);
        assert_eq!(due_after("CreatedOnce", "1s", ("1-x", Some(1000)), 9999), Due::Never);
        assert_eq!(due_after("OnChange", "1s", ("2-x", Some(1000)), 9999), Due::Never);
        assert_eq!(due_after("OnChange", "1s", ("1-x", Some(1000)), 1030), Due::Now);
        assert_eq!(due_after("OnChange", "0s", ("2-x", None), 1030), Due::Now);
    }
}
