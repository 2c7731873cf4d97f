//! Three-way merge of documents by structure, as a version control system needs it.
//!
//! It works on decrypted trees and knows nothing of ciphertext: encrypting the result under the data key of one side
//! with the nonces of both keeps the ciphertext of every value that nobody touched. It never decides a real conflict:
//! the value of the preferred side stands in for it and the place is reported.

use std::collections::BTreeSet;

use crate::path::Place;
use crate::tree::{Branch, Entry, Item, Value};

mod sequence;
mod unit;

#[cfg(test)]
mod tests;

use sequence::Three;
use unit::{Id, Side, Unit};

/// Whose value stands where there is a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// Ours.
    Ours,
    /// Theirs.
    Theirs,
}

/// The ancestor of a file and what two sides made of it.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    /// The common ancestor; no documents if there is none.
    pub base: &'a [Branch],
    /// Our side.
    pub ours: &'a [Branch],
    /// The other side.
    pub theirs: &'a [Branch],
}

/// What a merge came to.
pub struct Merged {
    /// The documents, with the value of the preferred side wherever there is a conflict.
    pub branches: Vec<Branch>,
    /// Where both sides changed the same thing in different ways.
    pub conflicts: Vec<Place>,
}

/// Merges what two sides made of a common ancestor.
///
/// Keys of a mapping merge one by one, wherever they stand; new keys of theirs come behind the key they follow there.
/// Lists merge by runs of elements, as lines of a text do. Comments belong to the pair or element below them; where both
/// sides changed them, our lines come first and theirs that are new follow.
pub fn three_way(sides: Sides<'_>, prefer: Prefer) -> Merged {
    let mut merge = Merge { prefer, conflicts: Vec::new(), document: 0, keys: Vec::new() };
    let branches = merge.documents(&Three { base: sides.base, ours: sides.ours, theirs: sides.theirs });
    Merged { branches, conflicts: merge.conflicts }
}

struct Merge {
    prefer: Prefer,
    conflicts: Vec<Place>,
    document: usize,
    keys: Vec<String>,
}

impl Merge {
    /// Reports a conflict and says which side stands in.
    fn conflict<T>(&mut self, ours: T, theirs: T) -> T {
        let place = Place::new(self.document, &self.keys);
        if self.conflicts.last() != Some(&place) {
            self.conflicts.push(place);
        }
        match self.prefer {
            Prefer::Ours => ours,
            Prefer::Theirs => theirs,
        }
    }

    /// Documents correspond by their number within a run, as there is nothing else to tell them by.
    fn documents(&mut self, sides: &Three<'_, Branch>) -> Vec<Branch> {
        let mut out: Vec<Branch> = Vec::new();
        for chunk in sequence::chunks(sides) {
            if let Some(settled) = chunk.settled() {
                out.extend_from_slice(settled);
                continue;
            }
            for (base, ours, theirs) in chunk.triples() {
                self.document = out.len();
                out.push(self.branch(base, ours, theirs));
            }
            self.document = out.len();
            let rest = chunk.rest();
            out.extend_from_slice(rest.settled().unwrap_or_else(|| self.conflict(rest.ours, rest.theirs)));
        }
        out
    }

    fn branch(&mut self, base: &Branch, ours: &Branch, theirs: &Branch) -> Branch {
        let [base, ours, theirs] = [base, ours, theirs].map(Side::new);
        let mut out = Vec::new();
        for unit in &ours.units {
            out.extend(self.kept(unit, base.find(unit), theirs.find(unit)));
        }
        for (index, unit) in theirs.units.iter().enumerate().filter(|(_, unit)| ours.find(unit).is_none()) {
            match base.find(unit) {
                None => {
                    let previous = theirs.units.iter().take(index).rev().map(Unit::id);
                    add(&mut out, unit.clone(), previous);
                }
                Some(before) if before.pair != unit.pair => {
                    if let Some(unit) = self.at(unit.key(), |merge| merge.conflict(None, Some(unit.clone()))) {
                        let previous = theirs.units.iter().take(index).rev().map(Unit::id);
                        add(&mut out, unit, previous);
                    }
                }
                Some(_) => {}
            }
        }
        Branch(out.into_iter().flat_map(Unit::into_entries).collect())
    }

    /// What becomes of a unit of ours.
    fn kept<'a>(
        &mut self,
        ours: &Unit<'a, Value>,
        base: Option<&Unit<'a, Value>>,
        theirs: Option<&Unit<'a, Value>>,
    ) -> Option<Unit<'a, Value>> {
        match (base, theirs) {
            (_, Some(theirs)) => Some(self.unit(base, ours, theirs)),
            (None, None) => Some(ours.clone()),
            (Some(base), None) if ours.pair.is_none() => (base.comments != ours.comments).then(|| ours.clone()),
            (Some(base), None) if base.pair == ours.pair => None,
            (Some(_), None) => self.at(ours.key(), |merge| merge.conflict(Some(ours.clone()), None)),
        }
    }

    fn unit<'a>(
        &mut self,
        base: Option<&Unit<'a, Value>>,
        ours: &Unit<'a, Value>,
        theirs: &Unit<'a, Value>,
    ) -> Unit<'a, Value> {
        let comments = comments(base.map_or(&[], |base| &base.comments), &ours.comments, &theirs.comments);
        let inline = inline_comment(base.and_then(|base| base.inline), ours.inline, theirs.inline);
        let pair = match (&ours.pair, &theirs.pair) {
            (Some(ours), Some(theirs)) => {
                let base = base.and_then(|base| base.pair.as_ref()).map(|base| base.value.as_ref());
                let value = self.at(Some(ours.key), |merge| merge.value(base, &ours.value, &theirs.value));
                Some(ours.with(value))
            }
            _ => None,
        };
        Unit { comments, pair, inline }
    }

    fn at<T>(&mut self, key: Option<&str>, run: impl FnOnce(&mut Merge) -> T) -> T {
        let depth = self.keys.len();
        self.keys.extend(key.map(str::to_owned));
        let out = run(self);
        self.keys.truncate(depth);
        out
    }

    fn value(&mut self, base: Option<&Value>, ours: &Value, theirs: &Value) -> Value {
        if ours == theirs || base == Some(theirs) {
            return ours.clone();
        }
        if base == Some(ours) {
            return theirs.clone();
        }
        match (ours, theirs, base) {
            (Value::Map(ours), Value::Map(theirs), Some(Value::Map(base))) => {
                Value::Map(self.branch(base, ours, theirs))
            }
            (Value::Map(ours), Value::Map(theirs), _) => Value::Map(self.branch(&Branch::default(), ours, theirs)),
            (Value::List(ours), Value::List(theirs), Some(Value::List(base))) => {
                Value::List(self.list(&Three { base, ours, theirs }))
            }
            _ => self.conflict(ours, theirs).clone(),
        }
    }

    fn list(&mut self, sides: &Three<'_, Item>) -> Vec<Item> {
        let mut out = Vec::new();
        for chunk in sequence::chunks(sides) {
            match chunk.settled() {
                Some(settled) => out.extend_from_slice(settled),
                None if chunk.is_aligned() => {
                    for (base, ours, theirs) in chunk.triples() {
                        out.push(self.item(base, ours, theirs));
                    }
                }
                None => out.extend_from_slice(self.conflict(chunk.ours, chunk.theirs)),
            }
        }
        out
    }

    fn item(&mut self, base: &Item, ours: &Item, theirs: &Item) -> Item {
        if let (Item::Value(base), Item::Value(ours), Item::Value(theirs)) = (base, ours, theirs) {
            return Item::Value(self.value(Some(base), ours, theirs));
        }
        if ours == theirs || base == theirs {
            return ours.clone();
        }
        if base == ours { theirs.clone() } else { self.conflict(ours, theirs).clone() }
    }
}

/// Comment lines of both sides; no conflict, as nothing depends on them.
fn comments<'a>(base: &[&'a Entry], ours: &[&'a Entry], theirs: &[&'a Entry]) -> Vec<&'a Entry> {
    if ours == theirs || base == theirs {
        return ours.to_vec();
    }
    if base == ours {
        return theirs.to_vec();
    }
    let mut out = ours.to_vec();
    out.extend(theirs.iter().filter(|line| !ours.contains(line) && !base.contains(line)));
    out
}

/// Puts a unit only their side has behind the one it follows there.
fn add<'a>(out: &mut Vec<Unit<'a, Value>>, unit: Unit<'a, Value>, mut previous: impl Iterator<Item = Id<'a>>) {
    let found = previous.find_map(|id| out.iter().position(|unit| unit.id() == id));
    out.insert(found.map_or(0, |found| found + 1), unit);
}

fn inline_comment<'a>(
    base: Option<&'a Entry>,
    ours: Option<&'a Entry>,
    theirs: Option<&'a Entry>,
) -> Option<&'a Entry> {
    if base == ours { theirs } else { ours }
}

/// The keys two sides have in conflict, as text for a person: `a.b`, `list`.
pub fn describe(conflicts: &[Place]) -> Vec<String> {
    let unique: BTreeSet<String> = conflicts.iter().map(ToString::to_string).collect();
    unique.into_iter().collect()
}
