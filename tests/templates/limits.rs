//! What Go does not bound: a template that is made to take too much ends with an error, soon, on a small stack.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use strongroom::template::{Limits, Options, TemplateError, render};
use zeroize::Zeroizing;

/// Renders on a stack of the size that a worker thread has.
fn attempt(template: &str, limits: Limits) -> (Result<usize, TemplateError>, Duration) {
    let template = template.to_owned();
    let worker = thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let started = Instant::now();
        let mut options = Options::new("key", Timestamp::UNIX_EPOCH, &|bytes| bytes.fill(1));
        options.limits = limits;
        let values = BTreeMap::from([("secret".to_owned(), Zeroizing::new(b"hunter2".to_vec()))]);
        (render(&template, &values, &options).map(|output| output.len()), started.elapsed())
    });
    worker.unwrap().join().unwrap()
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn what_takes_too_much_is_stopped() {
    let greedy = [
        "{{ range until 1000000000 }}{{ end }}".to_owned(),
        "{{ range 9223372036854775807 }}x{{ end }}".to_owned(),
        "{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}x{{ end }}{{ end }}{{ end }}".to_owned(),
        "{{ repeat 1000000000 \"x\" }}".to_owned(),
        "{{ $x := \"x\" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}{{ len $x }}".to_owned(),
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}".to_owned(),
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ toJson $x }}".to_owned(),
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ deepCopy $x | len }}".to_owned(),
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ deepEqual $x (deepCopy $x) }}".to_owned(),
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = concat $x $x }}{{ end }}".to_owned(),
        "{{ define \"loop\" }}{{ template \"loop\" }}{{ end }}{{ template \"loop\" }}".to_owned(),
        "{{ template \"key\" . }}".to_owned(),
        "{{ define \"a\" }}{{ template \"b\" }}{{ end }}{{ define \"b\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}".to_owned(),
        "{{ define \"t\" }}{{ template \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}".to_owned(),
        "{{ printf \"%1000000d%1000000d%1000000d%1000000d%1000000d\" 1 2 3 4 5 }}".to_owned(),
        "{{ printf \"%*d\" 1000000 1 | repeat 100 }}".to_owned(),
        "{{ printf \"%.1000000f\" 1.0 | repeat 100 }}".to_owned(),
        "{{ indent 1000000 (repeat 1000 \"\\n\") }}".to_owned(),
        "{{ replace \"\" (repeat 100000 \"y\") (repeat 100000 \"x\") }}".to_owned(),
        "{{ regexReplaceAll \"x\" (repeat 100000 \"x\") (repeat 100000 \"y\") }}".to_owned(),
        "{{ regexReplaceAll \"(x*)\" (repeat 100000 \"x\") (repeat 100000 \"$1\") }}".to_owned(),
        "{{ join (repeat 100000 \"-\") (until 100000) }}".to_owned(),
        "{{ wrapWith 1 (repeat 100000 \"-\") (repeat 100000 \"x\") }}".to_owned(),
        "{{ seq 1 1000000000 }}".to_owned(),
        "{{ untilStep -9223372036854775807 9223372036854775807 1 }}".to_owned(),
        "{{ uniq (until 100000) }}".to_owned(),
        "{{ randAlphaNum 100000000 }}".to_owned(),
        "{{ range until 100 }}{{ derivePassword 1 \"long\" \"a\" \"b\" \"c\" }}{{ end }}".to_owned(),
        "{{ range until 1000 }}{{ bcrypt \"x\" }}{{ end }}".to_owned(),
        "{{ range until 1000 }}{{ genPrivateKey \"ecdsa\" }}{{ end }}".to_owned(),
        "{{ regexMatch \"((((a{100}){100}){100}){100})\" \"a\" | not | ternary (fail \"x\") 1 }}".to_owned(),
        "{{ $d := dict }}{{ $_ := set $d \"self\" $d }}{{ $d }}".to_owned(),
        "{{ $d := dict }}{{ $_ := set $d \"self\" $d }}{{ toJson $d }}".to_owned(),
        "{{ $d := dict }}{{ $_ := set $d \"self\" (list $d) }}{{ deepCopy $d }}".to_owned(),
        "{{ $d := dict }}{{ $_ := set $d \"self\" $d }}{{ merge (dict \"self\" (dict)) $d | toJson }}".to_owned(),
        nested("{{ if true }}", "x", "{{ end }}", 100_000),
        nested("{{ with 1 }}", "x", "{{ end }}", 200),
        format!("{{{{ {} }}}}", nested("(", "1", ")", 100_000)),
        format!("{{{{ {} }}}}", nested("(not ", "1", ")", 200)),
    ];
    let mut slowest = Duration::ZERO;
    for template in &greedy {
        let (result, time) = attempt(template, Limits::default());
        assert!(result.is_err(), "{} gave {result:?}", template.chars().take(100).collect::<String>());
        println!("{time:?}: {}", template.chars().take(90).collect::<String>());
        slowest = slowest.max(time);
    }
    println!("{} greedy templates stopped, the slowest after {slowest:?}", greedy.len());
    assert!(slowest < Duration::from_mins(1), "one took {slowest:?}");
}

#[test]
fn what_nests_deep_is_taken_apart_without_recursion() {
    let deep = "{{ $x := list }}{{ range until 50000 }}{{ $x = list $x }}{{ end }}{{ $y := dict }}\
                {{ range until 50000 }}{{ $y = dict \"a\" $y }}{{ end }}{{ len $x }}{{ len $y }}";
    let (result, _) = attempt(deep, Limits::default());
    assert_eq!(result, Ok(2));
}

#[test]
fn the_deepest_that_is_allowed_fits_a_small_stack() {
    let (result, _) = attempt(&nested("{{ if true }}", "x", "{{ end }}", 60), Limits::default());
    assert_eq!(result, Ok(1));
    let (result, _) = attempt(&format!("{{{{ {} }}}}", nested("(not ", "1", ")", 60)), Limits::default());
    assert_eq!(result, Ok(4));
    let counts = "{{ define \"t\" }}{{ if . }}{{ with (int (sub . 1)) }}{{ template \"t\" . }}{{ end }}{{ end }}x{{ end }}{{ template \"t\" 30 }}";
    let (result, _) = attempt(counts, Limits::default());
    assert_eq!(result, Ok(30));
}

#[test]
fn a_limit_of_time_ends_a_slow_template() {
    let limits = Limits { steps: u64::MAX, time: Duration::from_millis(50), ..Limits::default() };
    let (result, time) = attempt("{{ range 1000000 }}{{ $x := add 1 2 }}{{ end }}", limits);
    let message = result.unwrap_err().to_string();
    assert!(message.ends_with("the template takes too long"), "{message}");
    assert!(time < Duration::from_secs(5), "it took {time:?}");
}

#[test]
fn errors_name_line_and_function_and_no_value() {
    let failures = [
        ("\n{{ .secret | fail }}", "line 2: function `fail`: the template gave up"),
        ("{{ .secret | mustFromJson }}", "line 1: function `mustFromJson`: not valid JSON"),
        ("{{ until .secret }}", "line 1: function `until`: wrong type of an argument: expected int, got string"),
        ("{{ mustRegexMatch .secret }}", "line 1: function `mustRegexMatch`: wrong number of arguments: want 2, got 1"),
        ("a\nb\n{{ hunter2 }}", "line 3: function `hunter2`: there is no such function"),
        ("{{ env \"HOME\" }}", "line 1: function `env`: this function of the original is not supported"),
        (
            "{{ getHostByName .secret }}",
            "line 1: function `getHostByName`: this function of the original is not supported",
        ),
        ("{{ .secret.x }}", "line 1: there is no such field in type string"),
        ("{{ template .secret }}", "line 1: the name of a template must be a string"),
        ("{{ \"hunter2 }}", "line 1: unterminated quoted string or character"),
        ("{{ index (list 1) 7 }}", "line 1: function `index`: index out of range"),
        ("{{ range .secret }}{{ end }}", "line 1: range cannot iterate over string"),
    ];
    for (template, message) in failures {
        let (result, _) = attempt(template, Limits::default());
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), message, "{template}");
        assert_eq!(
            format!("{error:?}").contains("hunter2"),
            template.contains("hunter2 }}") && message.contains("hunter2")
        );
    }
}
