//! Secrets on standard output. Values are left out unless they were asked for.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::Output;

/// A Secret and where it comes from.
pub(super) struct Row {
    pub(super) file: PathBuf,
    pub(super) object: String,
    pub(super) secret: Secret,
}

/// Prints all Secrets.
pub(super) fn print(rows: &[Row], output: Output, show_values: bool) -> Result<()> {
    let text = match output {
        Output::Table => table(rows, show_values),
        Output::Yaml => yaml(rows, show_values)?,
        Output::Json => {
            let items: Vec<Value> = rows.iter().map(|row| manifest(&row.secret, show_values)).collect();
            serde_json::to_string_pretty(&json!({"apiVersion": "v1", "kind": "List", "items": items}))? + "\n"
        }
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

fn yaml(rows: &[Row], show_values: bool) -> Result<String> {
    let mut text = String::new();
    for row in rows {
        let body = serde_saphyr::to_string(&manifest(&row.secret, show_values))?;
        writeln!(text, "---\n# {} in {}\n{}", row.object, row.file.display(), body.trim_end())?;
    }
    Ok(text)
}

/// The Secret as a manifest. Without its values their sizes are told, which whoever may list the Secret sees as well.
fn manifest(secret: &Secret, show_values: bool) -> Value {
    let mut bare = secret.clone();
    let data = bare.data.take().unwrap_or_default();
    let mut manifest = json!({"apiVersion": "v1", "kind": "Secret"});
    if let (Value::Object(fields), Ok(Value::Object(rest))) = (&mut manifest, serde_json::to_value(&bare)) {
        fields.extend(rest);
        let values = data.into_iter().map(|(key, value)| {
            let shown = if show_values { json!(value) } else { json!(redacted(value.0.len())) };
            (key, shown)
        });
        fields.insert("data".into(), Value::Object(values.collect()));
    }
    manifest
}

fn redacted(size: usize) -> String {
    format!("<redacted, {size} bytes>")
}

fn table(rows: &[Row], show_values: bool) -> String {
    let mut lines = vec![["SECRET", "TYPE", "KEYS", "FROM"].map(str::to_owned).to_vec()];
    for row in rows {
        let meta = &row.secret.metadata;
        let name =
            format!("{}/{}", meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default());
        let keys = row.secret.data.iter().flatten().map(|(key, value)| {
            let shown = || String::from_utf8(value.0.clone()).unwrap_or_else(|_| redacted(value.0.len()));
            if show_values { format!("{key}={:?}", shown()) } else { key.clone() }
        });
        let keys: Vec<String> = keys.collect();
        let from = format!("{} in {}", row.object, row.file.display());
        lines.push(vec![name, row.secret.type_.clone().unwrap_or_default(), keys.join(","), from]);
    }
    if rows.is_empty() {
        return String::new();
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let format = |line: &Vec<String>| {
        format!(
            "{:w0$}  {:w1$}  {:w2$}  {}\n",
            line[0],
            line[1],
            line[2],
            line[3],
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2]
        )
    };
    lines.iter().map(format).collect()
}
