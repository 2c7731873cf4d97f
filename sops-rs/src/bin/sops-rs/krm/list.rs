//! The `ResourceList` of the function contract
//! (<https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md>).

use sops::tree::{Entry, Item, Value};
use sops::{Branch, Error, Format};
use zeroize::Zeroizing;

use crate::failure::{Failure, code};

/// Groups (up to the `/`) and kinds of configurations.
const CONFIGURATIONS: [(&str, &str); 2] = [("viaduct.ai", "ksops"), ("strongroom.dev", "SopsGenerator")];

/// What Kustomize hands over.
pub(crate) struct ResourceList {
    top: Branch,
}

impl ResourceList {
    pub(crate) fn read(input: &[u8]) -> Result<ResourceList, Failure> {
        let branches = Format::Yaml.load(input).map_err(|error| Failure::from(error).about("standard input"))?;
        let top = branches.into_iter().next().filter(|top| is(top, "kind", "ResourceList")).ok_or_else(|| {
            Failure::new(code::UNREADABLE, "standard input holds no ResourceList")
                .hint("`sops-rs krm` is started by Kustomize; `sops-rs --help` shows the other ways")
        })?;
        Ok(ResourceList { top })
    }

    /// The configurations: `functionConfig`, or else the items that are one. Kustomize gives a generator its own
    /// configuration as both.
    pub(crate) fn configurations(&self) -> Vec<&Branch> {
        if let Some(Value::Map(config)) = self.top.get("functionConfig")
            && is_configuration(config)
        {
            return vec![config];
        }
        self.items().filter(|item| is_configuration(item)).collect()
    }

    fn items(&self) -> impl Iterator<Item = &Branch> {
        let items = match self.top.get("items") {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().filter_map(|item| match item {
            Item::Value(Value::Map(branch)) => Some(branch),
            _ => None,
        })
    }

    /// The list to hand back: items that are no configuration as they were, then what was generated, then the result.
    pub(crate) fn answer(
        &self,
        generated: Vec<Item>,
        failed: Option<(Option<&str>, &str)>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let kept =
            self.items().filter(|item| !is_configuration(item)).cloned().map(|item| Item::Value(Value::Map(item)));
        let mut answer = Zeroizing::new(Branch(vec![
            pair("apiVersion", text(version(&self.top))),
            pair("kind", text("ResourceList")),
            pair("items", Value::List(kept.chain(generated).collect())),
        ]));
        if let Some((file, message)) = failed {
            answer.0.push(pair("results", Value::List(vec![result(file, message)])));
        }
        Format::Yaml.emit(std::slice::from_ref(&*answer), Some(2))
    }
}

fn version(top: &Branch) -> &str {
    match top.get("apiVersion") {
        Some(Value::Str(version)) => version,
        _ => "config.kubernetes.io/v1",
    }
}

fn result(file: Option<&str>, message: &str) -> Item {
    let mut result = vec![pair("message", text(message)), pair("severity", text("error"))];
    if let Some(file) = file {
        result.push(pair("file", Value::Map(Branch(vec![pair("path", text(file))]))));
    }
    Item::Value(Value::Map(Branch(result)))
}

fn pair(key: &str, value: Value) -> Entry {
    Entry::Pair(key.to_owned(), value)
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn is(branch: &Branch, key: &str, wanted: &str) -> bool {
    matches!(branch.get(key), Some(Value::Str(text)) if text == wanted)
}

fn is_configuration(branch: &Branch) -> bool {
    let Some(Value::Str(version)) = branch.get("apiVersion") else { return false };
    let group = version.split('/').next().unwrap_or_default();
    CONFIGURATIONS.iter().any(|(wanted, kind)| group == *wanted && is(branch, "kind", kind))
}

/// The files a configuration names.
pub(crate) fn files(configuration: &Branch) -> Result<Vec<&str>, Failure> {
    let wrong = |message: &str| Failure::new(code::GENERIC, format!("the configuration {message}"));
    if configuration.get("secretFrom").is_some() {
        return Err(
            wrong("has secretFrom, which is not supported yet").hint("encrypt whole manifests and list them in files")
        );
    }
    let Some(Value::List(items)) = configuration.get("files") else { return Err(wrong("has no list `files`")) };
    let mut files = Vec::new();
    for item in items {
        match item {
            Item::Value(Value::Str(file)) if !file.is_empty() => files.push(file.as_str()),
            Item::Comment(_) => {}
            Item::Value(_) => return Err(wrong("has something that is no path in `files`")),
        }
    }
    if files.is_empty() { Err(wrong("names no files")) } else { Ok(files) }
}
