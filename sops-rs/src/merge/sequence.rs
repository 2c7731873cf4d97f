//! Three sequences cut into runs: those nobody touched, and those somebody did.
//!
//! The runs are found as `diff3` finds them: an element of the ancestor that both sides still have, in order, is where
//! they meet again (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007).

/// The largest table that is filled for one comparison; longer sequences count as changed as a whole.
const TABLE: usize = 4_000_000;

/// A sequence and what two sides made of it.
pub(super) struct Three<'a, T> {
    pub(super) base: &'a [T],
    pub(super) ours: &'a [T],
    pub(super) theirs: &'a [T],
}

impl<'a, T: PartialEq> Three<'a, T> {
    /// The result, unless both sides changed the run in different ways.
    pub(super) fn settled(&self) -> Option<&'a [T]> {
        if self.ours == self.theirs || self.base == self.theirs {
            Some(self.ours)
        } else if self.base == self.ours {
            Some(self.theirs)
        } else {
            None
        }
    }

    /// Whether the elements of the three correspond one to one.
    pub(super) fn is_aligned(&self) -> bool {
        self.base.len() == self.ours.len() && self.base.len() == self.theirs.len()
    }

    /// The elements that have a counterpart on each side, by their number.
    pub(super) fn triples(&self) -> impl Iterator<Item = (&'a T, &'a T, &'a T)> {
        let sides = self.base.iter().zip(self.ours).zip(self.theirs);
        sides.map(|((base, ours), theirs)| (base, ours, theirs))
    }

    /// What [`Three::triples`] leaves.
    pub(super) fn rest(&self) -> Three<'a, T> {
        let shared = self.base.len().min(self.ours.len()).min(self.theirs.len());
        let of = |all: &'a [T]| all.get(shared..).unwrap_or(&[]);
        Three { base: of(self.base), ours: of(self.ours), theirs: of(self.theirs) }
    }
}

/// Cuts into runs, in order; together they are the whole of each side.
pub(super) fn chunks<'a, T: PartialEq>(sides: &Three<'a, T>) -> Vec<Three<'a, T>> {
    let (ours, theirs) = (matches(sides.base, sides.ours), matches(sides.base, sides.theirs));
    let mut meeting = Vec::new();
    for (index, pair) in ours.iter().zip(&theirs).enumerate() {
        if let (Some(ours), Some(theirs)) = pair {
            meeting.push((index, *ours, *theirs));
        }
    }
    let mut out = Vec::new();
    let (mut base, mut our, mut their) = (0, 0, 0);
    for (b, o, t) in meeting.into_iter().chain([(sides.base.len(), sides.ours.len(), sides.theirs.len())]) {
        let changed = cut(sides, (base, b), (our, o), (their, t));
        if !(changed.base.is_empty() && changed.ours.is_empty() && changed.theirs.is_empty()) {
            out.push(changed);
        }
        if b < sides.base.len() {
            out.push(cut(sides, (b, b + 1), (o, o + 1), (t, t + 1)));
        }
        (base, our, their) = (b + 1, o + 1, t + 1);
    }
    out
}

type Range = (usize, usize);

fn cut<'a, T>(sides: &Three<'a, T>, base: Range, ours: Range, theirs: Range) -> Three<'a, T> {
    let of = |all: &'a [T], range: Range| all.get(range.0..range.1).unwrap_or(&[]);
    Three { base: of(sides.base, base), ours: of(sides.ours, ours), theirs: of(sides.theirs, theirs) }
}

/// For each element of `base` where it stands in `other`, by a longest common subsequence.
fn matches<T: PartialEq>(base: &[T], other: &[T]) -> Vec<Option<usize>> {
    let mut out = vec![None; base.len()];
    let head = base.iter().zip(other).take_while(|(one, two)| one == two).count();
    let rest = base.len().min(other.len()) - head;
    let tail = base.iter().rev().zip(other.iter().rev()).take(rest).take_while(|(one, two)| one == two).count();
    for (index, slot) in out.iter_mut().enumerate().take(head) {
        *slot = Some(index);
    }
    for step in 1..=tail {
        if let Some(slot) = base.len().checked_sub(step).and_then(|index| out.get_mut(index)) {
            *slot = Some(other.len() - step);
        }
    }
    let (left, right) = (&base[head..base.len() - tail], &other[head..other.len() - tail]);
    if left.len().saturating_mul(right.len()) > TABLE {
        return out;
    }
    for (one, two) in common(left, right) {
        out[head + one] = Some(head + two);
    }
    out
}

fn common<T: PartialEq>(left: &[T], right: &[T]) -> Vec<(usize, usize)> {
    let width = right.len() + 1;
    let mut lengths = vec![0_u32; (left.len() + 1) * width];
    for (i, one) in left.iter().enumerate().rev() {
        for (j, two) in right.iter().enumerate().rev() {
            lengths[i * width + j] = if one == two {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < left.len() && j < right.len() {
        if left[i] == right[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}
