//! Values in the syntax that the flags of a Go program have, so that a command line written for the Sealed Secrets controller
//! means the same here.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::source::external_secret::refresh;

/// A boolean as Go reads it: `1`, `t`, `T`, `TRUE`, `true`, `True` and their opposites.
///
/// # Errors
/// The words that are accepted.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("expected true or false".into()),
    }
}

/// A duration such as `720h` or `1h30m`; what is less than nothing counts as nothing.
///
/// # Errors
/// What a duration looks like.
pub fn duration(text: &str) -> Result<Duration, String> {
    refresh::parse_duration(text)
        .ok_or_else(|| "expected a duration such as 720h or 1m30s; there is no unit for days".into())
}

/// An address to listen on; without a host, as in `:8080`, every address of the machine.
///
/// # Errors
/// What an address looks like.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = || "expected HOST:PORT or :PORT".to_owned();
    if let Some(port) = text.strip_prefix(':') {
        return Ok(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port.parse().map_err(|_| expected())?));
    }
    text.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(expected)
}

/// An instant such as `Fri, 02 Jan 2026 15:04:05 -0700`; nothing for an empty text.
///
/// # Errors
/// What an instant looks like.
pub fn instant(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = strtime::parse("%a, %d %b %Y %H:%M:%S %z", text).and_then(|broken_down| broken_down.to_timestamp());
    parsed.map(Some).map_err(|_| "expected a time with a numeric zone such as `Fri, 02 Jan 2026 15:04:05 -0700`".into())
}

/// Pairs such as `team=shop,tier=back`. A value ends at the next `=`, as in the original.
///
/// # Errors
/// The item that is no pair.
pub fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let items = text.split(',').filter(|_| !text.is_empty());
    items
        .map(|item| match item.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok((key.to_owned(), value.split('=').next().unwrap_or_default().to_owned()))
            }
            _ => Err(format!("`{item}` is no pair KEY=VALUE")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        for (text, value) in [("1", true), ("T", true), ("True", true), ("0", false), ("f", false), ("FALSE", false)] {
            assert_eq!(boolean(text), Ok(value));
        }
        for text in ["yes", "tRUE", "on", ""] {
            assert!(boolean(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_no_days_and_no_less_than_nothing() {
        assert_eq!(duration("720h"), Ok(Duration::from_hours(720)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!((duration("0"), duration("-1h")), (Ok(Duration::ZERO), Ok(Duration::ZERO)));
        assert!(duration("30d").is_err() && duration("30").is_err());
    }

    #[test]
    fn an_address_without_a_host_is_every_address() {
        assert_eq!(address(":8080").unwrap().to_string(), "[::]:8080");
        assert_eq!(address("127.0.0.1:0").unwrap().to_string(), "127.0.0.1:0");
        assert_eq!(address("[::1]:9").unwrap().to_string(), "[::1]:9");
        assert!(address("8080").is_err() && address(":http").is_err());
    }

    #[test]
    fn an_instant_has_a_numeric_zone() {
        let expected: Timestamp = "2026-01-02T22:04:05Z".parse().unwrap();
        assert_eq!(instant("Fri, 02 Jan 2026 15:04:05 -0700"), Ok(Some(expected)));
        assert_eq!(instant(""), Ok(None));
        assert!(instant("2026-01-02T22:04:05Z").is_err() && instant("Fri, 02 Jan 2026 15:04:05 MST").is_err());
    }

    #[test]
    fn an_item_without_an_equals_sign_is_named() {
        assert_eq!(
            pairs("a=1,b=,c=2=3").unwrap().into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new()), ("c".to_owned(), "2".to_owned())]
        );
        assert!(pairs("").unwrap().is_empty());
        assert!(pairs("a=1,oops").unwrap_err().contains("oops"));
    }
}
