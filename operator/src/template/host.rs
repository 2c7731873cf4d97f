//! What a running template may use up, and where it gets the time and random bytes from.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::fault::Fault;
use super::value::{Map, Value};

/// What one rendering may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps: one for each word that is evaluated, each item of a list that is touched and each 64 bytes of text.
    pub steps: u64,
    /// Bytes of the result, and of any single text on the way to it.
    pub output: usize,
    /// How long it may take. No single function takes much more than a second.
    pub time: Duration,
}

impl Default for Limits {
    /// Far more than a Secret of 1 MiB can need.
    fn default() -> Self {
        Limits { steps: 2_000_000, output: 4 << 20, time: Duration::from_secs(10) }
    }
}

/// The surroundings of one rendering.
pub(super) struct Host<'a> {
    pub(super) now: Timestamp,
    random: &'a dyn Fn(&mut [u8]),
    limits: Limits,
    started: Instant,
    steps: u64,
    /// Maps that a container was put into: they may have become part of themselves.
    changed: Vec<Map>,
}

impl<'a> Host<'a> {
    pub(super) fn new(now: Timestamp, random: &'a dyn Fn(&mut [u8]), limits: Limits) -> Host<'a> {
        Host { now, random, limits, started: Instant::now(), steps: 0, changed: Vec::new() }
    }

    /// Counts work that is about to be done.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        let before = self.steps;
        self.steps = self.steps.saturating_add(u64::try_from(steps).unwrap_or(u64::MAX));
        if self.steps > self.limits.steps {
            return Err(Fault::new("the template takes too many steps"));
        }
        // The clock is looked at now and then only.
        let due = before == 0 || before >> 8 != self.steps >> 8;
        if due && self.started.elapsed() > self.limits.time {
            return Err(Fault::new("the template takes too long"));
        }
        Ok(())
    }

    /// Counts a text of this length that is about to be made, and refuses one that is too long.
    pub(super) fn reserve(&mut self, bytes: usize) -> Result<(), Fault> {
        if bytes > self.limits.output {
            return Err(Fault::new("a text becomes too long"));
        }
        self.spend(bytes / 64)
    }

    pub(super) fn longest(&self) -> usize {
        self.limits.output
    }

    /// Counts what a function takes or gives.
    pub(super) fn weigh(&mut self, value: &Value) -> Result<(), Fault> {
        match value {
            Value::Text(text) => self.reserve(text.bytes().len()),
            Value::List(list) => self.spend(list.len()),
            Value::Map(map) => self.spend(map.len()),
            _ => Ok(()),
        }
    }

    /// Puts an entry into a map of the template's own making.
    pub(super) fn set(&mut self, map: &Map, key: Vec<u8>, value: Value) {
        if matches!(value, Value::List(_) | Value::Map(_)) && !self.changed.iter().any(|known| known.is_same(map)) {
            self.changed.push(map.clone());
        }
        map.insert(key, value);
    }

    pub(super) fn random(&self, bytes: &mut [u8]) {
        (self.random)(bytes);
    }

    /// A number below `bound`, all equally likely; 0 for a bound of 0.
    pub(super) fn random_below(&self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let reject = u64::MAX - u64::MAX % bound;
        loop {
            let mut bytes = [0; 8];
            self.random(&mut bytes);
            let number = u64::from_le_bytes(bytes);
            if number < reject {
                return number % bound;
            }
        }
    }
}

impl Drop for Host<'_> {
    fn drop(&mut self) {
        for map in &self.changed {
            map.clear();
        }
    }
}
