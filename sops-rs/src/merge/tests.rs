use super::{Prefer, Sides, describe, three_way};
use crate::format::Format;

fn merge(base: &str, ours: &str, theirs: &str) -> (String, Vec<String>) {
    let [base, ours, theirs] = [base, ours, theirs].map(|text| Format::Yaml.load(text.as_bytes()).unwrap());
    let merged = three_way(Sides { base: &base, ours: &ours, theirs: &theirs }, Prefer::Ours);
    let text = Format::Yaml.emit(&merged.branches, Some(2)).unwrap();
    (String::from_utf8(text.to_vec()).unwrap(), describe(&merged.conflicts))
}

fn clean(base: &str, ours: &str, theirs: &str) -> String {
    let (text, conflicts) = merge(base, ours, theirs);
    assert!(conflicts.is_empty(), "{conflicts:?}");
    text
}

#[test]
fn changes_of_different_keys_meet() {
    let base = "a: 1\nb: 2\nc: {d: 3, e: 4}\n";
    assert_eq!(
        clean(base, "a: 10\nb: 2\nc: {d: 3, e: 5}\n", "a: 1\nb: 20\nc: {d: 6, e: 4}\n"),
        "a: 10\nb: 20\nc:\n  d: 6\n  e: 5\n"
    );
}

#[test]
fn the_same_change_on_both_sides_is_no_conflict() {
    assert_eq!(clean("a: 1\n", "a: 2\n", "a: 2\n"), "a: 2\n");
    assert_eq!(clean("a: 1\n", "a: 1\nb: 2\n", "a: 1\nb: 2\n"), "a: 1\nb: 2\n");
    assert_eq!(clean("a: 1\nb: 2\n", "a: 1\n", "a: 1\n"), "a: 1\n");
}

#[test]
fn new_keys_stand_behind_the_key_they_follow_on_their_side() {
    assert_eq!(
        clean("a: 1\nz: 2\n", "a: 1\nz: 2\nours: 3\n", "a: 1\ntheirs: 4\nz: 2\n"),
        "a: 1\ntheirs: 4\nz: 2\nours: 3\n"
    );
    assert_eq!(clean("z: 2\n", "z: 3\n", "first: 1\nz: 2\n"), "first: 1\nz: 3\n");
}

#[test]
fn a_key_removed_on_one_side_goes_unless_the_other_changed_it() {
    assert_eq!(clean("a: 1\nb: 2\n", "a: 1\n", "a: 3\nb: 2\n"), "a: 3\n");
    assert_eq!(clean("a: 1\nb: 2\n", "a: 3\nb: 2\n", "a: 1\n"), "a: 3\n");
    assert_eq!(merge("a: 1\nb: 2\n", "a: 1\n", "a: 1\nb: 3\n").1, ["`b` in document 0"]);
    assert_eq!(merge("a: 1\nb: 2\n", "a: 1\nb: 3\n", "a: 1\n").1, ["`b` in document 0"]);
}

#[test]
fn two_changes_of_one_value_are_a_conflict_and_ours_stays() {
    let (text, conflicts) = merge("x: {a: 1}\n", "x: {a: 2}\n", "x: {a: 3}\n");
    assert_eq!((text.as_str(), conflicts), ("x:\n  a: 2\n", vec!["`x.a` in document 0".to_owned()]));
    assert_eq!(merge("a: 1\n", "a: 1\nb: 2\n", "a: 1\nb: 3\n").1, ["`b` in document 0"]);
    assert_eq!(merge("a: 1\n", "a: [1]\n", "a: {b: 1}\n").1, ["`a` in document 0"]);
}

#[test]
fn lists_merge_by_runs() {
    assert_eq!(
        clean("l: [1, 2, 3, 4]\n", "l: [0, 1, 2, 3, 4]\n", "l: [1, 2, 4, 5]\n"),
        "l:\n  - 0\n  - 1\n  - 2\n  - 4\n  - 5\n"
    );
    assert_eq!(
        clean("l: [{k: a, v: 1, w: 1}]\n", "l: [{k: a, v: 2, w: 1}]\n", "l: [{k: a, v: 1, w: 2}]\n"),
        "l:\n  - k: a\n    v: 2\n    w: 2\n"
    );
    assert_eq!(merge("l: [1]\n", "l: [2]\n", "l: [3, 4]\n").1, ["`l` in document 0"]);
}

#[test]
fn comments_of_both_sides_are_kept() {
    assert_eq!(clean("#old\na: 1\n", "#ours\na: 1\n", "#theirs\na: 2\n"), "#ours\n#theirs\na: 2\n");
    assert_eq!(clean("#old\na: 1\n#end\n", "#old\na: 1\n", "#new\na: 1\n#end\n"), "#new\na: 1\n");
}

#[test]
fn documents_merge_one_by_one() {
    assert_eq!(
        clean("a: 1\n---\nb: 1\n", "a: 2\n---\nb: 1\n", "a: 1\n---\nb: 2\n---\nc: 1\n"),
        "a: 2\n---\nb: 2\n---\nc: 1\n"
    );
}

#[test]
fn the_preferred_side_stands_in_for_a_conflict() {
    let documents = |text: &str| Format::Yaml.load(text.as_bytes()).unwrap();
    let (base, ours, theirs) =
        (documents("a: 1\nb: 1\nc: 1\n"), documents("a: 2\nc: 2\nd: 5\n"), documents("a: 3\nb: 3\n"));
    let text = |prefer: Prefer| {
        let merged = three_way(Sides { base: &base, ours: &ours, theirs: &theirs }, prefer);
        assert_eq!(merged.conflicts.len(), 3);
        let text = Format::Yaml.emit(&merged.branches, Some(2)).unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    };
    assert_eq!(text(Prefer::Ours), "a: 2\nc: 2\nd: 5\n");
    assert_eq!(text(Prefer::Theirs), "a: 3\nb: 3\nd: 5\n");
}

#[test]
fn duplicate_keys_are_told_apart_by_their_order() {
    let load = |text: &str| Format::Json.load(text.as_bytes()).unwrap();
    let (base, ours, theirs) = (load(r#"{"a":1,"a":2}"#), load(r#"{"a":3,"a":2}"#), load(r#"{"a":1,"a":4}"#));
    let merged = three_way(Sides { base: &base, ours: &ours, theirs: &theirs }, Prefer::Ours);
    assert!(merged.conflicts.is_empty());
    let text = Format::Json.emit(&merged.branches, Some(0)).unwrap();
    assert_eq!(text.as_slice(), b"{\n\"a\": 3,\n\"a\": 4\n}\n");
}
