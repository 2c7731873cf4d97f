//! Odd files and what SOPS makes of them, as conversions from one format into another.

use serde::Deserialize;

/// Names of formats, a file, and what becomes of it; `None` if it is refused.
pub(crate) struct Conversion {
    pub(crate) odd: String,
    pub(crate) input: &'static str,
    pub(crate) output: &'static str,
    pub(crate) file: String,
    pub(crate) becomes: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quirks {
    read: Vec<Read>,
    written: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    odd: String,
    file: String,
    yaml: Option<String>,
    again: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    odd: String,
    yaml: String,
    file: Option<String>,
}

/// Those of a format, from its file of data.
pub(crate) fn conversions(format: &'static str, data: &str) -> Vec<Conversion> {
    let quirks: Quirks = serde_saphyr::from_str(data).unwrap();
    let mut all = Vec::new();
    for Read { odd, file, yaml, again } in quirks.read {
        for (output, becomes) in [("yaml", yaml), (format, again)] {
            all.push(Conversion { odd: odd.clone(), input: format, output, file: file.clone(), becomes });
        }
    }
    for Written { odd, yaml, file } in quirks.written {
        all.push(Conversion { odd, input: "yaml", output: format, file: yaml, becomes: file });
    }
    all
}
