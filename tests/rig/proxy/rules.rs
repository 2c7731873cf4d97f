//! The rules in force, shared by every connection of a proxy.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::handle::{Progress, RuleHandle};
use super::request::Seen;
use super::rule::{Action, Rule};

/// The rules in the order in which they were added.
#[derive(Default)]
pub(super) struct Rules {
    entries: Arc<Mutex<Vec<Entry>>>,
    /// Wakes the open watches: a rule that was added may be about them.
    changes: watch::Sender<()>,
}

struct Entry {
    rule: Rule,
    skipped: usize,
    hits: usize,
    progress: Arc<Progress>,
}

/// A request that a rule acts on.
pub(super) struct Hit {
    pub(super) action: Action,
    pub(super) progress: Arc<Progress>,
}

impl Rules {
    pub(super) fn add(&self, rule: Rule) -> RuleHandle {
        let progress = Arc::new(Progress::default());
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(Entry {
            rule,
            skipped: 0,
            hits: 0,
            progress: Arc::clone(&progress),
        });
        self.changes.send_replace(());
        let entries = Arc::clone(&self.entries);
        let ours = Arc::clone(&progress);
        RuleHandle::new(progress, move || {
            let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.retain(|entry| !Arc::ptr_eq(&entry.progress, &ours));
        })
    }

    /// The rule that acts on the request itself, counted as a hit.
    pub(super) fn on_request(&self, seen: &Seen) -> Option<Hit> {
        self.hit(|entry| {
            let rule = &entry.rule;
            if rule.action.acts_on_events() || !rule.matcher.matches(seen) {
                return false;
            }
            let passes = entry.skipped < rule.skip;
            entry.skipped += usize::from(passes);
            !passes
        })
    }

    /// The rule that acts on this watch after so many events, counted as a hit.
    pub(super) fn on_events(&self, seen: &Seen, passed: usize) -> Option<Hit> {
        self.hit(|entry| {
            let rule = &entry.rule;
            rule.action.acts_on_events() && passed >= rule.skip && rule.matcher.matches(seen)
        })
    }

    /// Hears of every rule that is added from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn hit(&self, wants: impl Fn(&mut Entry) -> bool) -> Option<Hit> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry =
            entries.iter_mut().find_map(|entry| (entry.hits < entry.rule.times && wants(entry)).then_some(entry))?;
        entry.hits += 1;
        entry.progress.hit();
        Some(Hit { action: entry.rule.action.clone(), progress: Arc::clone(&entry.progress) })
    }
}
