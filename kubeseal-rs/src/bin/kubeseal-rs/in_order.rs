//! Work on many files with every core, and its results in the order of the files.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// How many files are worked on at once.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Calls `work` for every item on up to `workers` threads, and `done` with each result on this one, in the order of the items.
/// When `done` answers false, no further item is begun.
pub(crate) fn for_each<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(&T, R) -> bool,
) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers.clamp(1, items.len().max(1)) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    if sender.send((index, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&turn) {
                if !done(&items[turn], result) {
                    next.store(items.len(), Ordering::Relaxed);
                    return;
                }
                turn += 1;
            }
        }
    });
}

/// The same on this thread alone.
pub(crate) fn one_by_one<T, R>(items: &[T], work: impl Fn(&T) -> R, mut done: impl FnMut(&T, R) -> bool) {
    let _ = items.iter().try_for_each(|item| done(item, work(item)).then_some(()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_each_once() {
        let items: Vec<usize> = (0..200).collect();
        let mut seen = Vec::new();
        for_each(
            &items,
            4,
            |item| item * 2,
            |item, doubled| {
                assert_eq!(doubled, item * 2);
                seen.push(*item);
                true
            },
        );
        assert_eq!(seen, items);
        for_each(&[] as &[usize], 4, |_| (), |_, ()| unreachable!());
    }

    #[test]
    fn it_stops_when_told_so() {
        let items: Vec<usize> = (0..1000).collect();
        let mut seen = 0;
        for_each(
            &items,
            2,
            |_| (),
            |_, ()| {
                seen += 1;
                seen < 3
            },
        );
        assert_eq!(seen, 3);
    }
}
