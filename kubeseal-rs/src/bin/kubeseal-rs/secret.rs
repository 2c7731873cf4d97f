//! The Secret that is to be sealed, read out of a document as leniently as the original reads it, except where leniency
//! would seal something else than was written.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::node::Node;

const FIELDS: [&str; 7] = ["apiVersion", "data", "immutable", "kind", "metadata", "stringData", "type"];
const METADATA_FIELDS: [&str; 7] =
    ["annotations", "finalizers", "generateName", "labels", "managedFields", "name", "namespace"];

/// A Secret before it is sealed.
pub(crate) struct Secret {
    pub(crate) metadata: Metadata,
    pub(crate) type_: String,
    pub(crate) immutable: Option<bool>,
    /// `data`, decoded, with `stringData` over it.
    pub(crate) values: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

/// The metadata that goes into the template. What the API server owns is not even read.
#[derive(Clone, Default)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) generate_name: String,
    pub(crate) namespace: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) finalizers: Vec<String>,
    pub(crate) managed_fields: Vec<BTreeMap<String, Value>>,
}

impl Secret {
    /// Reads one document; an empty one is no Secret and no error.
    pub(crate) fn from_document(document: Node) -> Result<Option<Secret>> {
        let mut fields = match document {
            Node::Null => return Ok(None),
            Node::Map(fields) if fields.is_empty() => return Ok(None),
            Node::Map(fields) => fields,
            _ => return Err(Failure::with_hint("not a Secret but a bare value", "use --raw to seal a value")),
        };
        refuse_misspelt(&fields, &FIELDS)?;
        let kind = string(fields.remove("kind"), "kind")?;
        if !matches!(kind.as_str(), "" | "Secret") {
            return Err(Failure::with_hint("not a Secret but another kind", "give Secrets, one document each"));
        }
        let mut values = data(fields.remove("data"))?;
        values.extend(string_data(fields.remove("stringData"))?);
        let immutable = match fields.remove("immutable") {
            None | Some(Node::Null) => None,
            Some(Node::Bool(value)) => Some(value),
            Some(_) => return Err(wrong_type("immutable", "true or false")),
        };
        let type_ = string(fields.remove("type"), "type")?;
        let metadata = Metadata::from_node(fields.remove("metadata"))?;
        Ok(Some(Secret { metadata, type_, immutable, values }))
    }
}

impl Metadata {
    fn from_node(node: Option<Node>) -> Result<Metadata> {
        let mut fields = map(node, "metadata")?;
        refuse_misspelt(&fields, &METADATA_FIELDS)?;
        Ok(Metadata {
            name: string(fields.remove("name"), "metadata.name")?,
            generate_name: string(fields.remove("generateName"), "metadata.generateName")?,
            namespace: string(fields.remove("namespace"), "metadata.namespace")?,
            labels: strings(fields.remove("labels"), "metadata.labels")?,
            annotations: strings(fields.remove("annotations"), "metadata.annotations")?,
            finalizers: list(fields.remove("finalizers"), "metadata.finalizers")?
                .into_iter()
                .map(|item| string(Some(item), "metadata.finalizers"))
                .collect::<Result<_>>()?,
            managed_fields: list(fields.remove("managedFields"), "metadata.managedFields")?
                .into_iter()
                .map(managed_fields_entry)
                .collect::<Result<_>>()?,
        })
    }
}

/// The original matches field names without regard to case, the API server does not. Guessing would either seal what
/// nobody would find or leave out what somebody meant, so the near miss is refused.
pub(crate) fn refuse_misspelt(fields: &BTreeMap<String, Node>, known: &[&str]) -> Result<()> {
    let misspelt = fields.keys().find_map(|field| {
        let meant = known.iter().find(|known| field.eq_ignore_ascii_case(known))?;
        (field != meant).then_some((field, meant))
    });
    match misspelt {
        None => Ok(()),
        Some((field, meant)) => {
            Err(Failure::with_hint(format!("unknown field `{field}`"), format!("it is spelt `{meant}`")))
        }
    }
}

fn data(node: Option<Node>) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>> {
    let decode = |(key, value)| {
        let bytes = match value {
            Node::Null => Vec::new(),
            Node::Text(text) => kubeseal::decode_base64(&text).map_err(|_| {
                Failure::with_hint(
                    format!("`data.{key}` is not valid base64"),
                    "encode it without line wrapping, or put the plain text under stringData",
                )
            })?,
            _ => return Err(wrong_type(&format!("data.{key}"), "a base64 text")),
        };
        Ok((key, Zeroizing::new(bytes)))
    };
    map(node, "data")?.into_iter().map(decode).collect()
}

fn string_data(node: Option<Node>) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>> {
    let encode = |(key, value)| {
        let text = secret_string(value, &format!("stringData.{key}"))?;
        Ok((key, Zeroizing::new(text.as_bytes().to_vec())))
    };
    map(node, "stringData")?.into_iter().map(encode).collect()
}

fn secret_string(node: Node, path: &str) -> Result<Zeroizing<String>> {
    match node {
        Node::Null => Ok(Zeroizing::default()),
        Node::Text(text) => Ok(text),
        Node::Number(text) => Ok(Zeroizing::new(text)),
        Node::Bool(value) => Ok(Zeroizing::new(value.to_string())),
        Node::Ambiguous => Err(Failure::with_hint(
            format!("`{path}` is not quoted and means something else than it says"),
            "YAML reads it as a number or a boolean and would rewrite it; put it in quotes",
        )),
        Node::List(_) | Node::Map(_) => Err(wrong_type(path, "a text")),
    }
}

pub(crate) fn string(node: Option<Node>, path: &str) -> Result<String> {
    Ok(secret_string(node.unwrap_or(Node::Null), path)?.to_string())
}

fn strings(node: Option<Node>, path: &str) -> Result<BTreeMap<String, String>> {
    map(node, path)?
        .into_iter()
        .map(|(key, value)| {
            let text = string(Some(value), &format!("{path}.{key}"))?;
            Ok((key, text))
        })
        .collect()
}

fn map(node: Option<Node>, path: &str) -> Result<BTreeMap<String, Node>> {
    match node {
        None | Some(Node::Null) => Ok(BTreeMap::new()),
        Some(Node::Map(fields)) => Ok(fields),
        Some(_) => Err(wrong_type(path, "a mapping")),
    }
}

fn list(node: Option<Node>, path: &str) -> Result<Vec<Node>> {
    match node {
        None | Some(Node::Null) => Ok(Vec::new()),
        Some(Node::List(items)) => Ok(items),
        Some(_) => Err(wrong_type(path, "a list")),
    }
}

fn managed_fields_entry(node: Node) -> Result<BTreeMap<String, Value>> {
    let path = "metadata.managedFields";
    map(Some(node), path)?.into_iter().map(|(key, value)| Ok((key, json(value, path)?))).collect()
}

pub(crate) fn json(node: Node, path: &str) -> Result<Value> {
    Ok(match node {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(value),
        Node::List(items) => Value::Array(items.into_iter().map(|item| json(item, path)).collect::<Result<_>>()?),
        Node::Map(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| Ok((key, json(value, path)?))).collect::<Result<_>>()?)
        }
        text => Value::String(secret_string(text, path)?.to_string()),
    })
}

pub(crate) fn wrong_type(path: &str, wanted: &str) -> anyhow::Error {
    Failure::with_hint(
        format!("`{path}` is not {wanted}"),
        "compare with the output of kubectl create secret --dry-run",
    )
}
