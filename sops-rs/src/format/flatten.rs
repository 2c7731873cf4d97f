//! The `sops` block where values are text and nest once at most: each of its leaves becomes a pair whose key spells the
//! way to it, `age__list_0__map_enc`.

use std::collections::BTreeMap;

use crate::format::scalar;
use crate::metadata::MetadataError;
use crate::tree::{Branch, Entry, Item, Value};

const MAP: &str = "__map_";
const LIST: &str = "__list_";
/// The most steps that a leaf is away: the blocks of all versions need seven, and each costs a level of the stack.
const DEEPEST: usize = 64;

/// The leaves of a block in its order. Empty lists and mappings vanish.
pub(super) fn flatten(block: &Branch) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    branch("", block, &mut leaves);
    leaves
}

fn branch(prefix: &str, branch: &Branch, leaves: &mut Vec<(String, Value)>) {
    for entry in &branch.0 {
        if let Entry::Pair(key, child) = entry {
            value(format!("{prefix}{key}"), child, leaves);
        }
    }
}

fn value(key: String, node: &Value, leaves: &mut Vec<(String, Value)>) {
    match node {
        Value::Map(children) => branch(&format!("{key}{MAP}"), children, leaves),
        Value::List(items) => {
            let elements = items.iter().filter_map(|item| match item {
                Item::Value(value) => Some(value),
                Item::Comment(_) => None,
            });
            for (position, child) in elements.enumerate() {
                value(format!("{key}{LIST}{position}"), child, leaves);
            }
        }
        leaf => {
            let text = scalar::text(leaf).unwrap_or_default();
            leaves.push((key, Value::from_bytes(text.into_owned())));
        }
    }
}

/// The block its leaves came from.
///
/// # Errors
/// [`MetadataError::Flattened`] if they do not fit together: a leaf that comes twice or has others below it, a list with
/// gaps, a leaf that is too far down.
pub(super) fn unflatten(leaves: Vec<(String, Value)>) -> Result<Branch, MetadataError> {
    let mut root = Node::default();
    for (key, value) in leaves {
        let mut node = &mut root;
        if steps(&key).nth(DEEPEST).is_some() {
            return Err(MetadataError::Flattened);
        }
        for step in steps(&key) {
            node = match step {
                Step::Key(key) => node.keys.entry(key.to_owned()).or_default(),
                Step::Position(position) => node.positions.entry(position).or_default(),
            };
        }
        if node.leaf.replace(value).is_some() {
            return Err(MetadataError::Flattened);
        }
    }
    match root.into_value()? {
        Value::Map(branch) => Ok(branch),
        _ => Err(MetadataError::Flattened),
    }
}

#[derive(Default)]
struct Node {
    leaf: Option<Value>,
    keys: BTreeMap<String, Node>,
    positions: BTreeMap<usize, Node>,
}

impl Node {
    fn into_value(self) -> Result<Value, MetadataError> {
        let Node { leaf, keys, positions } = self;
        match (leaf, keys.is_empty(), positions.is_empty()) {
            (Some(leaf), true, true) => Ok(leaf),
            (None, _, true) => {
                let pairs = keys.into_iter().map(|(key, node)| node.into_value().map(|value| Entry::Pair(key, value)));
                Ok(Value::Map(Branch(pairs.collect::<Result<_, _>>()?)))
            }
            (None, true, false) => {
                if !positions.keys().copied().eq(0..positions.len()) {
                    return Err(MetadataError::Flattened);
                }
                let items = positions.into_values().map(|node| node.into_value().map(Item::Value));
                Ok(Value::List(items.collect::<Result<_, _>>()?))
            }
            _ => Err(MetadataError::Flattened),
        }
    }
}

enum Step<'k> {
    Key(&'k str),
    Position(usize),
}

/// The way that a key spells. As in the original, a position that is no number is 0.
fn steps(key: &str) -> impl Iterator<Item = Step<'_>> {
    let mut rest = Some((key, false));
    std::iter::from_fn(move || {
        let (text, in_list) = rest?;
        let next = [(MAP, false), (LIST, true)]
            .into_iter()
            .filter_map(|(separator, list)| text.find(separator).map(|at| (at, separator, list)))
            .min_by_key(|(at, ..)| *at);
        let step = if let Some((at, separator, list)) = next {
            let (step, after) = text.split_at(at);
            rest = after.strip_prefix(separator).map(|after| (after, list));
            step
        } else {
            rest = None;
            text
        };
        Some(if in_list { Step::Position(step.parse().unwrap_or(0)) } else { Step::Key(step) })
    })
}

#[cfg(test)]
mod tests {
    use super::{flatten, unflatten};
    use crate::format::Format;
    use crate::metadata::MetadataError;
    use crate::tree::{Branch, Entry, Value};

    fn block(json: &str) -> Branch {
        Format::Json.load(json.as_bytes()).unwrap().remove(0)
    }

    fn rebuilt(keys: &[&str]) -> Result<String, MetadataError> {
        let leaves = keys.iter().map(|key| ((*key).to_owned(), Value::Str("x".to_owned())));
        let branch = unflatten(leaves.collect())?;
        Ok(String::from_utf8(Format::Json.emit(&[branch], Some(0)).unwrap().to_vec()).unwrap().replace('\n', ""))
    }

    #[test]
    fn leaves_spell_their_way() {
        let block = block(r#"{"a": [{"b": "1", "c": {"d": true}}, {"b": 2}], "e": [], "f": [["g"]], "h": ""}"#);
        let leaves = flatten(&block);
        let expected = [
            ("a__list_0__map_b", "1"),
            ("a__list_0__map_c__map_d", "true"),
            ("a__list_1__map_b", "2"),
            ("f__list_0__list_0", "g"),
            ("h", ""),
        ];
        assert!(leaves == expected.map(|(key, text)| (key.to_owned(), Value::Str(text.to_owned()))));
        let again = unflatten(leaves).unwrap();
        assert!(flatten(&again) == flatten(&block));
    }

    /// Fields of key types that this build does not know are kept, whatever they hold.
    #[test]
    fn leaves_need_not_be_text() {
        let bytes = Value::Bytes(b"\xff\n".to_vec());
        let block = Branch(vec![Entry::Pair("a".to_owned(), bytes.clone())]);
        assert!(flatten(&block) == [("a".to_owned(), bytes)]);
    }

    #[test]
    fn leaves_that_do_not_fit_are_refused() {
        assert_eq!(rebuilt(&["a__list_1", "a__list_0", "b"]).unwrap(), r#"{"a": ["x","x"],"b": "x"}"#);
        assert_eq!(rebuilt(&["a__list_x"]).unwrap(), r#"{"a": ["x"]}"#);
        assert_eq!(rebuilt(&["a__map___list_0"]).unwrap(), r#"{"a": {"": ["x"]}}"#);
        for keys in [
            &["a", "a"][..],
            &["a", "a__map_b"],
            &["a", "a__list_0"],
            &["a__map_b", "a__list_0"],
            &["a__list_0", "a__list_2"],
            &["a__list_1"],
            &[&*"a__map_".repeat(10_000)],
            &[&*"a__list_0".repeat(10_000)],
        ] {
            assert_eq!(rebuilt(keys), Err(MetadataError::Flattened), "{keys:?}");
        }
    }
}
