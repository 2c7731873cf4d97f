//! Calls of every function with arguments of many shapes, and templates grown at random.

use anyhow::Result;

use crate::arguments::pool;
use crate::oracle::{Case, compare};
use crate::random::Random;
use crate::signatures::signatures;

/// Calls for each signature, if there are that many.
const CALLS: usize = 100;

fn arguments(random: &mut Random, parameters: &str) -> Vec<&'static str> {
    let mut out = Vec::new();
    let mut before = 'a';
    for kind in parameters.chars() {
        if kind == '*' {
            for _ in 0..random.below(3) {
                out.push(*random.choose(pool(before)));
            }
        } else {
            out.push(*random.choose(pool(kind)));
            before = kind;
        }
    }
    out
}

fn call(random: &mut Random, name: &str, parameters: &str) -> String {
    let mut arguments = arguments(random, parameters);
    // Now and then an argument of some other kind, one too many, or one too few; but what is no time is the present.
    let exact = parameters.contains('d');
    match random.below(25) {
        _ if exact => {}
        0 => {
            if let Some(last) = arguments.last_mut() {
                *last = *random.choose(pool('a'));
            }
        }
        1 => arguments.push(*random.choose(pool('a'))),
        2 => {
            arguments.pop();
        }
        _ => {}
    }
    // The order of keys is chance in Go.
    let ordered = match name {
        "keys" => " | sortAlpha",
        "values" => " | len",
        _ => "",
    };
    let last = if random.below(4) == 0 { arguments.pop() } else { None };
    match last {
        Some(last) if !arguments.is_empty() || parameters.len() == 1 => {
            format!("{last} | {name} {}{ordered}", arguments.join(" "))
        }
        Some(last) => format!("{name} {last}{ordered}"),
        None => format!("{name} {}{ordered}", arguments.join(" ")),
    }
}

#[test]
fn every_function_with_arguments_of_many_shapes() -> Result<()> {
    let mut random = Random::new(1);
    let mut cases = Vec::new();
    for (name, parameters) in signatures() {
        for turn in 0..CALLS {
            let call = call(&mut random, name, parameters);
            // In Go a slice may be extended over the spare room behind it, whose size is chance.
            let has_room = ["(until", "(append", "(regexFindAll", "(chunk"].iter().any(|source| call.contains(source));
            if name.to_lowercase().ends_with("slice") && has_room {
                continue;
            }
            cases.push(Case::new(match turn % 5 {
                0 => format!("{{{{ ({call}) | toJson }}}}"),
                1 => format!("{{{{ $x := {call} }}}}{{{{ typeOf $x }}}}|{{{{ $x }}}}|{{{{ len (printf \"%v\" $x) }}}}"),
                2 => format!("{{{{ with {call} }}}}[{{{{ . }}}}]{{{{ else }}}}none{{{{ end }}}}"),
                _ => format!("{{{{ {call} }}}}"),
            }));
        }
    }
    compare("functions", &cases)
}

const NAMES: &[&str] = &["$", "$a", "$b", "$c"];
const CHAINS: &[&str] = &[
    "toString | upper",
    "quote",
    "list | len",
    "toJson",
    "default 5",
    "printf \"%v\"",
    "not",
    "toString | b64enc",
    "print | nindent 2",
    "list | first",
    "typeOf",
];

/// A term for an argument or a pipeline, in which any variable may be unknown and any type wrong.
fn term(random: &mut Random, depth: usize) -> String {
    match random.below(12) {
        0..3 => rooted(random, 'a'),
        3 => (*random.choose(NAMES)).to_owned(),
        4 if random.below(4) == 0 => {
            format!("{}.{}", random.choose(NAMES), random.choose(&["user", "a", "missing", "deep.x"]))
        }
        4 | 5 => ".".to_owned(),
        6 => rooted(random, 't'),
        _ if depth == 0 => rooted(random, 'n'),
        7 => format!("(and {} {})", term(random, depth - 1), term(random, depth - 1)),
        8 => format!("(eq (print {}) (print {}))", term(random, depth - 1), term(random, depth - 1)),
        9 => format!("(dict \"a\" {} \"deep\" (list {}))", term(random, depth - 1), term(random, depth - 1)),
        10 => format!("({})", pipeline(random, depth - 1)),
        _ => format!("(list {} {})", term(random, depth - 1), term(random, depth - 1)),
    }
}

/// An expression that means the same wherever it stands.
fn rooted(random: &mut Random, kind: char) -> String {
    let expression = *random.choose(pool(kind));
    let is_field = expression.len() > 1 && expression.starts_with('.');
    let is_nil = expression == "nil";
    match (is_field, is_nil) {
        (true, _) => format!("$.{}", expression.trim_start_matches('.')),
        (_, true) => "(coalesce nil)".to_owned(),
        _ => expression.to_owned(),
    }
}

fn pipeline(random: &mut Random, depth: usize) -> String {
    let mut out = term(random, depth);
    for _ in 0..random.below(3) {
        out = format!("{out} | {}", random.choose(CHAINS));
    }
    out
}

fn action(random: &mut Random, depth: usize) -> String {
    let (open, close) = (*random.choose(&["{{ ", "{{", "{{- "]), *random.choose(&[" }}", "}}", " -}}"]));
    let pipeline = pipeline(random, depth);
    let body = |random: &mut Random| template(random, depth.saturating_sub(1));
    match random.below(if depth == 0 { 5 } else { 13 }) {
        0 => format!("{open}{} := {pipeline}{close}", random.choose(NAMES)),
        1 => format!("{open}{} = {pipeline}{close}", random.choose(NAMES)),
        2 => random.choose(&["{{/* a }} comment */}}", "{{- /* {{ */ -}}"]).to_string(),
        3 | 4 => format!("{open}{pipeline}{close}"),
        5 => format!("{open}if {pipeline}{close}{}{{{{ end }}}}", body(random)),
        6 => format!(
            "{open}if {pipeline}{close}{}{{{{ else if $a := {} -}}}}{}{{{{ else }}}}{}{{{{ end }}}}",
            body(random),
            term(random, 1),
            body(random),
            body(random)
        ),
        7 => format!("{open}with $b := {pipeline}{close}{}{{{{ else }}}}{}{{{{ end }}}}", body(random), body(random)),
        8 => {
            format!("{open}range list ({pipeline}) 2{close}{}{{{{ else }}}}{}{{{{ end }}}}", body(random), body(random))
        }
        9 => format!(
            "{open}range $a, $b := list 1 ({pipeline}){close}{}{{{{ if $a }}}}{{{{ break }}}}{{{{ end }}}}{{{{ end }}}}",
            body(random)
        ),
        10 => {
            format!("{open}range $c = until 2{close}{}{{{{ continue }}}}{}{{{{ end }}}}", body(random), body(random))
        }
        11 => format!(
            "{open}block \"b{}\" {pipeline}{close}{{{{ $a := . }}}}{{{{ $b := 1 }}}}{{{{ $c := list }}}}{}{{{{ end }}}}",
            random.below(1000),
            body(random)
        ),
        _ => format!("{open}template \"known\" {pipeline}{close}"),
    }
}

fn template(random: &mut Random, depth: usize) -> String {
    let mut out = String::new();
    for _ in 0..=random.below(3) {
        out.push_str(random.choose::<&str>(&["", " ", "text", "\n  ", "}} ", "{ x"]));
        out.push_str(&action(random, depth));
    }
    out
}

/// One that ends well more often than not: its variables exist, and are declared where they may be missing.
fn grown(random: &mut Random) -> String {
    let start = "{{ $a := 1 }}{{ $b := \"b\" }}{{ $c := list 1 2 }}{{ define \"known\" }}<{{ . }}>{{ end }}";
    format!("{start}{}", template(random, 3))
}

#[test]
fn templates_grown_at_random() -> Result<()> {
    let mut random = Random::new(3);
    let cases: Vec<Case> = (0..6000).map(|_| Case::new(grown(&mut random))).collect();
    compare("grown at random", &cases)
}

/// Texts with a few bytes changed are seldom templates; what counts is that both sides agree.
#[test]
fn templates_with_slips_of_the_pen() -> Result<()> {
    let mut random = Random::new(4);
    let mut cases = Vec::new();
    while cases.len() < 6000 {
        let mut text: Vec<char> = grown(&mut random).chars().collect();
        for _ in 0..=random.below(5) / 4 {
            let at = random.below(text.len());
            match random.below(3) {
                0 => {
                    text.remove(at);
                }
                1 => text.insert(
                    at,
                    *random.choose(&[
                        '{', '}', '(', ')', '|', '"', '`', '$', '.', '-', ' ', ':', '=', '\'', '\n', '9', 'e', '%',
                        '\\',
                    ]),
                ),
                _ => {
                    let other = random.below(text.len());
                    text.swap(at, other);
                }
            }
        }
        cases.push(Case::new(text.into_iter().collect::<String>()));
    }
    compare("with slips of the pen", &cases)
}
