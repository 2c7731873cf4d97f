//! The work queue of one kind: which object is looked at next. It never holds an object, only names.
//!
//! An object is worked on by one worker at a time; a name pushed meanwhile is looked at again afterwards. Namespaces take
//! turns, so that ten thousand broken objects of one tenant delay nobody else.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::name::ObjectName;

/// Names waiting for a worker, at once or at a time.
#[derive(Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    /// Names that are due, by namespace.
    ready: HashMap<String, VecDeque<String>>,
    /// The order in which namespaces take turns; exactly the keys of `ready`.
    turns: VecDeque<String>,
    queued: HashSet<ObjectName>,
    running: HashSet<ObjectName>,
    /// Pushed while running.
    again: HashSet<ObjectName>,
    /// When a name becomes due; one entry a name, the earliest time asked for.
    later: BTreeSet<(Instant, ObjectName)>,
    times: HashMap<ObjectName, Instant>,
}

impl Queue {
    /// Makes a name due now.
    pub fn push(&self, name: ObjectName) {
        self.with(|inner| inner.push(name));
        self.wake.notify_one();
    }

    /// Makes a name due after a delay, unless it is due earlier anyway.
    pub fn push_after(&self, name: ObjectName, delay: Duration) {
        let Some(at) = Instant::now().checked_add(delay) else { return };
        self.with(|inner| inner.schedule(name, at));
        self.wake.notify_one();
    }

    /// The next name that is due; waits until there is one. Hand it back with [`Queue::done`].
    pub async fn next(&self) -> ObjectName {
        loop {
            let woken = self.wake.notified();
            let (next, more, timer) = self.with(|inner| {
                inner.ripen(Instant::now());
                let next = inner.pop();
                (next, !inner.turns.is_empty(), inner.later.first().map(|(at, _)| *at))
            });
            if let Some(name) = next {
                if more {
                    self.wake.notify_one();
                }
                return name;
            }
            match timer {
                Some(at) => tokio::select! { () = woken => {}, () = sleep_until(at) => {} },
                None => woken.await,
            }
        }
    }

    /// A worker has finished with a name.
    pub fn done(&self, name: &ObjectName) {
        let again = self.with(|inner| {
            inner.running.remove(name);
            inner.again.remove(name)
        });
        if again {
            self.push(name.clone());
        }
    }

    /// Whether nothing is due and no worker is busy. What waits for its time does not count.
    pub fn is_idle(&self) -> bool {
        self.with(|inner| {
            inner.ripen(Instant::now());
            inner.queued.is_empty() && inner.running.is_empty()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        // A panic elsewhere cannot leave the queue half changed: nothing in here panics.
        act(&mut self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Inner {
    fn push(&mut self, name: ObjectName) {
        self.unschedule(&name);
        if self.running.contains(&name) {
            self.again.insert(name);
        } else if self.queued.insert(name.clone()) {
            let names = self.ready.entry(name.namespace.clone()).or_default();
            if names.is_empty() {
                self.turns.push_back(name.namespace);
            }
            names.push_back(name.name);
        }
    }

    fn schedule(&mut self, name: ObjectName, at: Instant) {
        if self.queued.contains(&name) || self.times.get(&name).is_some_and(|known| *known <= at) {
            return;
        }
        self.unschedule(&name);
        self.times.insert(name.clone(), at);
        self.later.insert((at, name));
    }

    fn unschedule(&mut self, name: &ObjectName) {
        if let Some(at) = self.times.remove(name) {
            self.later.remove(&(at, name.clone()));
        }
    }

    /// Moves what has become due to its place in line.
    fn ripen(&mut self, now: Instant) {
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, name)) = self.later.pop_first() else { return };
            self.times.remove(&name);
            self.push(name);
        }
    }

    fn pop(&mut self) -> Option<ObjectName> {
        let namespace = self.turns.pop_front()?;
        let names = self.ready.get_mut(&namespace)?;
        let name = ObjectName::new(namespace.clone(), names.pop_front()?);
        if names.is_empty() {
            self.ready.remove(&namespace);
        } else {
            self.turns.push_back(namespace);
        }
        self.queued.remove(&name);
        self.running.insert(name.clone());
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ObjectName {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn namespaces_take_turns() {
        let queue = Queue::default();
        for object in ["a/1", "a/2", "a/3", "b/1"] {
            queue.push(name(object));
        }
        let mut order = Vec::new();
        for _ in 0..4 {
            let next = queue.next().await;
            queue.done(&next);
            order.push(next.to_string());
        }
        assert_eq!(order, ["a/1", "b/1", "a/2", "a/3"]);
        assert!(queue.is_idle());
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_worked_on_once_at_a_time_and_never_forgotten() {
        let queue = Queue::default();
        queue.push(name("a/1"));
        queue.push(name("a/1"));
        let running = queue.next().await;
        queue.push(name("a/1"));
        assert!(tokio::time::timeout(Duration::from_secs(1), queue.next()).await.is_err(), "it is being worked on");
        queue.done(&running);
        let again = queue.next().await;
        queue.done(&again);
        assert!(queue.is_idle());
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_time_counts_and_a_push_replaces_it() {
        let queue = Queue::default();
        let started = Instant::now();
        queue.push_after(name("a/1"), Duration::from_mins(1));
        queue.push_after(name("a/1"), Duration::from_secs(5));
        queue.push_after(name("a/1"), Duration::from_secs(90));
        let next = queue.next().await;
        assert_eq!(started.elapsed().as_secs(), 5);
        queue.push_after(next.clone(), Duration::from_mins(1));
        queue.done(&next);
        queue.push(next.clone());
        queue.done(&queue.next().await);
        assert!(
            tokio::time::timeout(Duration::from_hours(1), queue.next()).await.is_err(),
            "the timer went with the push"
        );
    }
}
