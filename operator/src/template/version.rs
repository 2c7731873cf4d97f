//! Semantic versions and constraints on them, as the `semver` library of Masterminds reads them.

use std::cmp::Ordering;
use std::fmt;

mod constraint;

pub(super) use constraint::satisfies;

/// A version. Missing minor and patch numbers are 0.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) prerelease: String,
    pub(super) metadata: String,
    pub(super) original: String,
}

impl Version {
    /// Reads `v1.2.3-pre+build`, of which only the first number must be there.
    pub(super) fn parse(text: &str) -> Option<Version> {
        let body = text.strip_prefix('v').unwrap_or(text);
        let (body, metadata) = match body.split_once('+') {
            Some((body, metadata)) => (body, Some(metadata)),
            None => (body, None),
        };
        let (numbers, prerelease) = match body.split_once('-') {
            Some((numbers, prerelease)) => (numbers, Some(prerelease)),
            None => (body, None),
        };
        let mut parts = numbers.split('.');
        let major = number(parts.next()?)?;
        let minor = parts.next().map_or(Some(0), number)?;
        let patch = parts.next().map_or(Some(0), number)?;
        let zero_led =
            |part: &&str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit());
        let prerelease_fits =
            prerelease.is_none_or(|text| labels_fit(text) && !text.split('.').any(|part| zero_led(&part)));
        if parts.next().is_some() || !prerelease_fits || !metadata.is_none_or(labels_fit) {
            return None;
        }
        let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Some(Version {
            major,
            minor,
            patch,
            prerelease: owned(prerelease),
            metadata: owned(metadata),
            original: text.to_owned(),
        })
    }

    /// Order of precedence, which build metadata does not touch.
    pub(super) fn compare(&self, other: &Version) -> Ordering {
        let numbers = |version: &Version| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }

    /// The next version of the given place (0 major, 1 minor, 2 patch); a pre-release becomes its release instead of the
    /// next patch.
    pub(super) fn next(&self, place: usize) -> Version {
        let mut next = Version { prerelease: String::new(), metadata: String::new(), ..self.clone() };
        match place {
            0 => (next.major, next.minor, next.patch) = (self.major.wrapping_add(1), 0, 0),
            1 => (next.minor, next.patch) = (self.minor.wrapping_add(1), 0),
            _ if self.prerelease.is_empty() => next.patch = self.patch.wrapping_add(1),
            _ => {}
        }
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{prefix}{next}");
        next
    }
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn labels_fit(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

fn compare_prereleases(one: &str, other: &str) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (one.split('.'), other.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => compare_labels(left, right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn compare_labels(left: &str, right: &str) -> Ordering {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(out, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(out, "+{}", self.metadata)?;
        }
        Ok(())
    }
}
