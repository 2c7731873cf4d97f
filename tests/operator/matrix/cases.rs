//! The objects of the matrix, always the same ones: who seals, for which scope, with which keys, under which template, and how
//! much. Every combination is there; the rest is drawn from a generator with a fixed seed.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use kubeseal::Scope;
use serde_json::{Value, json};

use crate::canary;
use crate::sealing::Tool;

/// Which keys the values of an object are sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    Newest,
    Oldest,
    /// Each value with another one.
    Several,
}

/// What an object says about its Secret besides the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Template {
    /// Nothing at all.
    Absent,
    /// Type, labels, annotations and `immutable`.
    Metadata,
    /// The same, and texts with functions over the values.
    Functions,
}

/// One object.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) tool: Tool,
    pub(super) scope: Scope,
    pub(super) age: Age,
    pub(super) template: Template,
    pub(super) values: BTreeMap<String, Vec<u8>>,
    pub(super) metadata: Value,
    pub(super) type_: Option<&'static str>,
    pub(super) immutable: Option<bool>,
    /// `spec.template.data`.
    pub(super) texts: BTreeMap<String, &'static str>,
}

impl Case {
    /// The Secret that the tool is given.
    pub(super) fn secret(&self, namespace: &str) -> Value {
        let mut metadata = self.metadata.clone();
        metadata["name"] = json!(self.name);
        metadata["namespace"] = json!(namespace);
        let data: BTreeMap<&String, ByteString> =
            self.values.iter().map(|(key, value)| (key, ByteString(value.clone()))).collect();
        let mut secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data });
        if let Some(type_) = self.type_ {
            secret["type"] = json!(type_);
        }
        if let Some(immutable) = self.immutable {
            secret["immutable"] = json!(immutable);
        }
        secret
    }
}

/// Bytes of one value of every object. The largest, with the words around it, is as much as etcd takes.
const SIZES: [usize; 4] = [0, 1, 4_096, 65_536];
const LARGEST: usize = 900_000;
/// One combination in so many has the largest value too: each costs megabytes of JSON on every way.
const LARGE_EVERY: usize = 5;

/// What the original of 0.36 renders as later releases do: no text of the name of a value, and none that sees another text.
const TEXTS: [&str; 16] = [
    "user={{ .text }};again={{ .text | upper | quote }}",
    "{{ if hasPrefix \"a\" .text }}yes{{ else if contains \" \" .text }}words{{ else }}no{{ end }}",
    "{{ .text | b64enc }}:{{ .text | b64enc | b64dec }}",
    "{{ dict \"text\" .text \"number\" 3 \"list\" (list 1 2.5 \"<&>\") | toPrettyJson }}",
    "{{ range $index, $word := splitList \" \" .text }}{{ $index }}={{ $word }},{{ end }}",
    "{{ .text | sha256sum | trunc 12 }}{{- /* a comment */ -}}  !",
    "{{ with .none }}here{{ else }}{{ .text | trim | indent 2 }}{{ end }}",
    "{{ printf \"%q %5d %-8s|%x\" .text 42 \"left\" .text }}",
    "{{ .text | replace \" \" \"_\" | title }}{{ \"\\t\" }}",
    "{{ .missing }}[{{ index . \"missing\" }}]",
    "{{ index . \"text\" | nospace | lower | default \"empty\" }}",
    "{{ $text := .text }}{{ range until 3 }}{{ . }}:{{ len $text }}{{ break }}{{ end }}\n{{ .value | len }}",
    "{{ define \"pair\" }}<{{ . }}>{{ end }}{{ template \"pair\" .text }}{{ template \"pair\" 1 }}",
    "{{ toJson .text }} {{ squote .text }} {{ ternary \"full\" \"empty\" (ne .text \"\") }}",
    "{{ add 1 2 3 }} {{ mul 4 5 }} {{ div 7 2 }} {{ mod 7 2 }} {{ max 1 9 4 }} {{ .text | len }}",
    "{{ .value | b64enc | trunc 40 }} {{ .value | sha1sum }}",
];

const TYPES: [Option<&str>; 4] = [None, Some("Opaque"), Some("example.com/login"), Some("example.com/other")];
const LABELS: [&str; 4] = ["shop", "", "a.b-c_d", "true"];
const NOTES: [&str; 6] = ["plain", "", "line\nline\n", "{\"json\": [1, \"<>&\"]}", "naïve \u{1f511} \u{2028}", "yes"];

/// All cases of so many rounds; each round draws others.
pub(super) fn all(rounds: usize) -> Vec<Case> {
    let mut random = Random(0x5ea1_ed5e_c2e7);
    let mut cases = Vec::new();
    for _ in 0..rounds {
        let mut combination = 0;
        for tool in Tool::BOTH {
            for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
                for age in [Age::Newest, Age::Oldest, Age::Several] {
                    for template in [Template::Absent, Template::Metadata, Template::Functions] {
                        let large = (combination % LARGE_EVERY == 0).then_some(LARGEST);
                        for size in SIZES.into_iter().chain(large) {
                            let name = format!("case-{}", cases.len());
                            cases.push(random.case(name, (tool, scope, age, template), size));
                        }
                        combination += 1;
                    }
                }
            }
        }
    }
    cases
}

/// The generator of Vigna: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(count).collect()
    }

    fn words(&mut self) -> String {
        let words = ["admin", "a", "hunter2", "pass word", "é", "\"quoted\"", "<tag>", "{{", "100%", "\t", "'"];
        (0..self.below(6)).map(|_| self.one(&words)).collect::<Vec<_>>().join(" ")
    }

    fn case(&mut self, name: String, way: (Tool, Scope, Age, Template), size: usize) -> Case {
        let (tool, scope, age, template) = way;
        let mut values = BTreeMap::from([
            ("value".to_owned(), self.bytes(size)),
            ("text".to_owned(), self.words().into_bytes()),
            ("marked".to_owned(), canary::value(&name).into_bytes()),
        ]);
        for number in 0..self.below(4) {
            let length = self.below(300);
            values.insert(format!("{}{number}", self.one(&["tls.", "_", "A-", "key"])), self.bytes(length));
        }
        let described = template != Template::Absent;
        let mut texts = BTreeMap::new();
        // The largest value leaves no room, and rendering it twice over is no other case.
        let rendered = if size > 10_000 { &TEXTS[..TEXTS.len() - 1] } else { &TEXTS[..] };
        for number in 0..if template == Template::Functions { 4 } else { 0 } {
            texts.insert(format!("rendered-{number}"), self.one(rendered));
        }
        Case {
            name,
            tool,
            scope,
            age,
            template,
            values,
            metadata: if described { self.metadata() } else { json!({}) },
            type_: described.then(|| self.one(&TYPES)).flatten(),
            immutable: described.then(|| self.one(&[None, None, Some(false), Some(true)])).flatten(),
            texts,
        }
    }

    fn metadata(&mut self) -> Value {
        let mut labels = serde_json::Map::new();
        let mut annotations = serde_json::Map::new();
        for number in 0..self.below(4) {
            labels.insert(format!("example.com/label-{number}"), json!(self.one(&LABELS)));
        }
        for number in 0..self.below(4) {
            annotations.insert(format!("example.com/note-{number}"), json!(self.one(&NOTES)));
        }
        json!({ "labels": labels, "annotations": annotations })
    }
}
