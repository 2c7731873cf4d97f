//! The SealedSecrets of a file, found where they stand: alone, between other documents, or in a List.

use kubeseal::{CLUSTER_WIDE, NAMESPACE_WIDE, Place, Scope};

use crate::layout::Position;
use crate::layout::located::Located;

/// A SealedSecret of a file. Nothing of it is secret.
pub(crate) struct SealedObject {
    pub(crate) position: Position,
    /// Empty when the file names none.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) scope: Scope,
    /// The keys of `spec.encryptedData` and their base64 texts; `None` where no text stands.
    pub(crate) entries: Vec<(String, Option<String>)>,
    /// It uses the deprecated first format, one text for all values.
    pub(crate) has_first_format: bool,
    /// The namespace and the name that its template has, which are often those that it was once sealed for.
    pub(crate) template: (Option<String>, Option<String>),
}

impl SealedObject {
    /// The place that its values are to open in, in `namespace` when the file names none.
    pub(crate) fn place(&self, namespace: Option<&str>) -> Place {
        let namespace = if self.namespace.is_empty() { namespace.unwrap_or_default() } else { &self.namespace };
        Place::new(namespace, &self.name, self.scope)
    }
}

/// Whether a text can hold a SealedSecret at all; most files of a tree need not be read for that.
pub(crate) fn may_hold_some(text: &[u8]) -> bool {
    let holds = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    holds(b"SealedSecret") && holds(b"bitnami.com/")
}

/// The SealedSecrets among the documents of a file, in order.
pub(crate) fn objects(documents: &[Located]) -> Vec<SealedObject> {
    let mut found = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        found.extend(object(document, Position { document: number, item: None }));
        let items = document.get("items").map(Located::items).unwrap_or_default();
        for (item, object_of_list) in items.iter().enumerate() {
            found.extend(object(object_of_list, Position { document: number, item: Some(item) }));
        }
    }
    found
}

fn object(node: &Located, position: Position) -> Option<SealedObject> {
    let is_ours = node.text_at("apiVersion").is_some_and(|version| version.starts_with("bitnami.com/"));
    if !is_ours || node.text_at("kind") != Some("SealedSecret") {
        return None;
    }
    let metadata = node.get("metadata");
    let text = |key| metadata.and_then(|metadata| metadata.text_at(key));
    let spec = node.get("spec");
    let data = spec.and_then(|spec| spec.get("encryptedData"));
    let entry = |(key, value): &(Located, Located)| {
        let value = value.text().filter(|_| !value.is_null());
        Some((key.text()?.to_owned(), value.map(str::to_owned)))
    };
    let template = spec.and_then(|spec| spec.get("template")).and_then(|template| template.get("metadata"));
    let in_template = |key| template.and_then(|metadata| metadata.text_at(key)).map(str::to_owned);
    Some(SealedObject {
        position,
        namespace: text("namespace").unwrap_or_default().to_owned(),
        name: text("name").unwrap_or_default().to_owned(),
        scope: scope(metadata.and_then(|metadata| metadata.get("annotations"))),
        entries: data.map(Located::entries).unwrap_or_default().iter().filter_map(entry).collect(),
        has_first_format: spec.and_then(|spec| spec.text_at("data")).is_some_and(|text| !text.is_empty()),
        template: (in_template("namespace"), in_template("name")),
    })
}

fn scope(annotations: Option<&Located>) -> Scope {
    let text = |name: &str| Some((name.to_owned(), annotations?.text_at(name)?.to_owned()));
    Scope::from_annotations(&[CLUSTER_WIDE, NAMESPACE_WIDE].into_iter().filter_map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::located::documents;

    #[test]
    fn sealed_secrets_are_found_wherever_they_stand() {
        let text = "\
kind: ConfigMap
---
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: shop
  annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true'}
spec:
  encryptedData: {a: AAAA, b: , c: [x]}
  template: {metadata: {name: former}}
---
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: plain}}
- {apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: web}, spec: {data: AAAA}}
";
        let found = objects(&documents(text).unwrap_or_default());
        let [db, web] = found.as_slice() else { panic!("{} found", found.len()) };
        assert_eq!(db.position, Position { document: 1, item: None });
        assert_eq!(db.place(Some("other")), Place::new("shop", "db", Scope::NamespaceWide));
        let entries = [("a".to_owned(), Some("AAAA".to_owned())), ("b".to_owned(), None), ("c".to_owned(), None)];
        assert_eq!(db.entries, entries);
        assert_eq!(db.template, (None, Some("former".to_owned())));
        assert_eq!(web.position, Position { document: 2, item: Some(1) });
        assert_eq!(web.place(Some("other")), Place::new("other", "web", Scope::Strict));
        assert!(web.has_first_format && !db.has_first_format);
    }
}
