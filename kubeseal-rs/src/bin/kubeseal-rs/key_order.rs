//! The order of keys in the original's YAML (go-yaml 2): as a person would sort them, `a2` before `a10`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// Sorts by insertion: where letters follow digits the original's order can go in a circle (`b203`, `b2cc`, `b62cb`), which
/// the standard library's sorts may answer with a panic.
pub(crate) fn sorted_keys(mapping: &Map<String, Value>) -> Vec<&str> {
    let mut sorted: Vec<&str> = Vec::with_capacity(mapping.len());
    for key in mapping.keys() {
        let position = sorted.partition_point(|other| natural_order(other, key) == Ordering::Less);
        sorted.insert(position, key);
    }
    sorted
}

/// Letters after everything else, runs of digits by their value, the rest by code point.
fn natural_order(left: &str, right: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let Some(index) = left.iter().zip(&right).position(|(left, right)| left != right) else {
        return left.len().cmp(&right.len());
    };
    let (first, second) = (left[index], right[index]);
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => return first.cmp(&second),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let leading = i64::from((first == '0' || second == '0') && continues_number(&left[..index]));
    let (left_value, left_end) = number_at(&left, index, leading);
    let (right_value, right_end) = number_at(&right, index, leading);
    left_value.cmp(&right_value).then(left_end.cmp(&right_end)).then(first.cmp(&second))
}

/// Whether the digits before a place make a zero there count.
fn continues_number(before: &[char]) -> bool {
    before.iter().rev().take_while(|character| character.is_ascii_digit()).any(|digit| *digit != '0')
}

fn number_at(characters: &[char], start: usize, leading: i64) -> (i64, usize) {
    let digits = characters[start..].iter().map_while(|character| character.to_digit(10));
    digits
        .fold((leading, start), |(value, end), digit| (value.wrapping_mul(10).wrapping_add(i64::from(digit)), end + 1))
}
