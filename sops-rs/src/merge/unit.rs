//! A pair of a mapping with the comments that belong to it: those above it and the one on its line.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::tree::{Branch, Entry, Value};

/// Key and which of several equal ones; `None` for the comments at the end.
pub(super) type Id<'a> = Option<(&'a str, usize)>;

/// A pair: which of several equal keys it is counts for its identity.
#[derive(Clone, PartialEq)]
pub(super) struct Pair<'a, V: Clone> {
    pub(super) key: &'a str,
    occurrence: usize,
    pub(super) value: Cow<'a, V>,
}

impl<'a> Pair<'a, Value> {
    pub(super) fn with(&self, value: Value) -> Pair<'a, Value> {
        Pair { key: self.key, occurrence: self.occurrence, value: Cow::Owned(value) }
    }
}

/// A pair and its comments; without a pair, the comments at the end of the mapping.
#[derive(Clone)]
pub(super) struct Unit<'a, V: Clone> {
    pub(super) comments: Vec<&'a Entry>,
    pub(super) pair: Option<Pair<'a, V>>,
    pub(super) inline: Option<&'a Entry>,
}

impl<'a> Unit<'a, Value> {
    /// What it is within its mapping.
    pub(super) fn id(&self) -> Id<'a> {
        self.pair.as_ref().map(|pair| (pair.key, pair.occurrence))
    }

    pub(super) fn key(&self) -> Option<&'a str> {
        self.pair.as_ref().map(|pair| pair.key)
    }

    pub(super) fn into_entries(self) -> Vec<Entry> {
        let mut out: Vec<Entry> = self.comments.into_iter().cloned().collect();
        out.extend(self.pair.map(|pair| Entry::Pair(pair.key.to_owned(), pair.value.into_owned())));
        out.extend(self.inline.cloned());
        out
    }
}

/// A mapping taken apart.
pub(super) struct Side<'a> {
    pub(super) units: Vec<Unit<'a, Value>>,
    places: HashMap<Id<'a>, usize>,
}

impl<'a> Side<'a> {
    pub(super) fn new(branch: &'a Branch) -> Side<'a> {
        let units = split(&branch.0);
        let places = units.iter().enumerate().map(|(place, unit)| (unit.id(), place)).collect();
        Side { units, places }
    }

    /// The unit of this mapping with the identity of `unit`.
    pub(super) fn find(&self, unit: &Unit<'a, Value>) -> Option<&Unit<'a, Value>> {
        self.units.get(*self.places.get(&unit.id())?)
    }
}

fn split(entries: &[Entry]) -> Vec<Unit<'_, Value>> {
    let mut units: Vec<Unit<'_, Value>> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut comments = Vec::new();
    for entry in entries {
        match entry {
            Entry::Pair(key, value) => {
                let count = seen.entry(key).or_default();
                let pair = Pair { key, occurrence: *count, value: Cow::Borrowed(value) };
                *count += 1;
                units.push(Unit { comments: std::mem::take(&mut comments), pair: Some(pair), inline: None });
            }
            Entry::Comment(comment) => match units.last_mut().filter(|_| comment.inline && comments.is_empty()) {
                Some(unit) if unit.inline.is_none() => unit.inline = Some(entry),
                _ => comments.push(entry),
            },
        }
    }
    if !comments.is_empty() {
        units.push(Unit { comments, pair: None, inline: None });
    }
    units
}
