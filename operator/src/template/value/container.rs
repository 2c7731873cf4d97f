//! Lists and maps, shared by all who hold them and taken apart step by step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Value;

/// What a list may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Element {
    Any,
    Text,
    Int,
    List,
}

/// A slice: a window on cells that other slices may share.
#[derive(Clone)]
pub(in super::super) struct List {
    pub(in super::super) element: Element,
    /// Go tells a slice that was never made from an empty one.
    pub(in super::super) nil: bool,
    cells: Rc<Cells>,
    start: usize,
    end: usize,
}

struct Cells(RefCell<Vec<Value>>);

impl List {
    pub(in super::super) fn new(element: Element, items: Vec<Value>) -> List {
        let end = items.len();
        List { element, nil: false, cells: Rc::new(Cells(RefCell::new(items))), start: 0, end }
    }

    pub(in super::super) fn nil(element: Element) -> List {
        List { nil: true, ..List::new(element, Vec::new()) }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// The items as they are stored: a nil is `Absent`.
    pub(in super::super) fn items(&self) -> Vec<Value> {
        self.cells.0.borrow().get(self.start..self.end).map(<[Value]>::to_vec).unwrap_or_default()
    }

    /// One item as an expression sees it.
    pub(in super::super) fn get(&self, index: usize) -> Option<Value> {
        let at = self.start.checked_add(index).filter(|at| *at < self.end)?;
        self.cells.0.borrow().get(at).cloned().map(Value::in_place)
    }

    /// A part of the slice over the same cells; as in Go it may reach beyond the slice's own end.
    pub(in super::super) fn part(&self, start: usize, end: usize) -> Option<List> {
        let (start, end) = (self.start.checked_add(start)?, self.start.checked_add(end)?);
        (start <= end && end <= self.cells.0.borrow().len()).then(|| List { start, end, nil: false, ..self.clone() })
    }

    /// Sorts a list of strings where it is, for all who share it.
    pub(in super::super) fn sort_texts(&self) {
        if let Some(cells) = self.cells.0.borrow_mut().get_mut(self.start..self.end) {
            cells.sort_by(|one, other| match (one, other) {
                (Value::Text(one), Value::Text(other)) => one.bytes().cmp(other.bytes()),
                _ => std::cmp::Ordering::Equal,
            });
        }
    }
}

/// A map, shared by all who hold it.
#[derive(Clone)]
pub(in super::super) struct Map {
    /// Whether the type is `map[string]string` rather than `map[string]interface {}`.
    pub(in super::super) of_texts: bool,
    pub(in super::super) nil: bool,
    entries: Rc<Entries>,
}

struct Entries(RefCell<BTreeMap<Vec<u8>, Value>>);

impl Map {
    pub(in super::super) fn new(entries: BTreeMap<Vec<u8>, Value>) -> Map {
        Map { of_texts: false, nil: false, entries: Rc::new(Entries(RefCell::new(entries))) }
    }

    pub(in super::super) fn of_texts(entries: BTreeMap<Vec<u8>, Value>) -> Map {
        Map { of_texts: true, ..Map::new(entries) }
    }

    pub(in super::super) fn nil() -> Map {
        Map { nil: true, ..Map::new(BTreeMap::new()) }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.entries.0.borrow().len()
    }

    /// The entry as it is stored: a nil is `Absent`.
    pub(in super::super) fn stored(&self, key: &[u8]) -> Option<Value> {
        self.entries.0.borrow().get(key).cloned()
    }

    /// The entry as an expression sees it.
    pub(in super::super) fn get(&self, key: &[u8]) -> Option<Value> {
        self.stored(key).map(Value::in_place)
    }

    pub(in super::super) fn insert(&self, key: Vec<u8>, value: Value) {
        self.entries.0.borrow_mut().insert(key, value.stored());
    }

    pub(in super::super) fn remove(&self, key: &[u8]) {
        // The entry is dropped after the borrow has ended, for it may lead back to this map.
        let removed = self.entries.0.borrow_mut().remove(key);
        drop(removed);
    }

    /// The entries in the order of their keys.
    pub(in super::super) fn entries(&self) -> Vec<(Vec<u8>, Value)> {
        self.entries.0.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Empties the map, which breaks a cycle that `set` may have made.
    pub(in super::super) fn clear(&self) {
        let entries = std::mem::take(&mut *self.entries.0.borrow_mut());
        drop(entries);
    }

    pub(in super::super) fn is_same(&self, other: &Map) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        dismantle(std::mem::take(self.0.get_mut()));
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        dismantle(std::mem::take(self.0.get_mut()).into_values().collect());
    }
}

/// Drops values and all that only they hold, without recursion.
fn dismantle(mut values: Vec<Value>) {
    while let Some(value) = values.pop() {
        match value {
            Value::List(list) => {
                if let Some(mut cells) = Rc::into_inner(list.cells) {
                    values.append(cells.0.get_mut());
                }
            }
            Value::Map(map) => {
                if let Some(mut entries) = Rc::into_inner(map.entries) {
                    values.extend(std::mem::take(entries.0.get_mut()).into_values());
                }
            }
            _ => {}
        }
    }
}
