use super::go_regex::compile;
use super::{Rules, Scope, Selector, SelectorError};

fn encrypted(selector: &Selector, path: &[&str]) -> bool {
    let rules = Rules::new(selector).unwrap();
    let mut scope = Scope::new(&rules);
    for key in path {
        scope.enter_key(key);
    }
    scope.value_is_encrypted()
}

#[test]
fn key_selectors_cover_the_whole_subtree() {
    let suffix = Selector::default();
    assert!(encrypted(&suffix, &["a"]));
    assert!(!encrypted(&suffix, &["a_unencrypted"]));
    assert!(!encrypted(&suffix, &["a_unencrypted", "b"]));
    let data = Selector::EncryptedRegex("^(data|stringData)$".into());
    assert!(encrypted(&data, &["data", "password"]));
    assert!(!encrypted(&data, &["metadata", "name"]));
    assert!(!encrypted(&data, &[]));
}

#[test]
fn an_invalid_expression_is_an_error() {
    let failure = Rules::new(&Selector::EncryptedRegex("(".into())).err();
    assert_eq!(failure, Some(SelectorError::Invalid { name: "encrypted_regex" }));
}

#[test]
fn two_selectors_conflict() {
    let both = [("encrypted_regex", Some("a".to_owned())), ("encrypted_suffix", Some("b".to_owned()))];
    assert!(Selector::only(both).is_err());
    let one = [("encrypted_regex", Some(String::new())), ("encrypted_suffix", Some("b".to_owned()))];
    assert_eq!(Selector::only(one), Ok(Some(Selector::EncryptedSuffix("b".to_owned()))));
}

#[test]
fn comments_apply_until_the_next_value_and_to_its_subtree() {
    let rules = Rules::new(&Selector::EncryptedCommentRegex("secret".into())).unwrap();
    let mut scope = Scope::new(&rules);
    scope.open();
    scope.comment(" secret");
    assert!(!scope.comment_is_encrypted(), "the marker itself stays plain");
    scope.comment(" more");
    assert!(scope.comment_is_encrypted());
    scope.enter_key("map");
    scope.open();
    assert!(scope.value_is_encrypted());
    scope.value_done();
    assert!(scope.value_is_encrypted(), "the outer comment covers the subtree");
    scope.close();
    scope.leave_key();
    scope.value_done();
    assert!(!scope.value_is_encrypted());
}

#[test]
fn expressions_are_those_of_go() {
    for (expression, text, expected) in [
        (r"^\d+$", "٣", false),
        (r"^\w$", "é", false),
        (r"\Qa.b\E$", "a.b", true),
        (r"\Qa.b\E$", "axb", false),
        (r"^a{,2}$", "a{,2}", true),
        (r"^a{2}$", "aa", true),
        (r"^{x}$", "{x}", true),
        (r"^[a&&b]+$", "a&b", true),
        (r"^[[a]+$", "[a", true),
        (r"^[[:alpha:]_]+$", "a_", true),
        (r"^[\w-]+$", "a-b", true),
        (r"(?i)PASS", "my-pass", true),
        (r"\bkey\b", "a key.", true),
        (r"^\x{41}$", "A", true),
        (r"^\101\0$", "A\0", true),
        (r"^\p{Lu}\P{^greek}$", "Éα", true),
        (r"^[[:^alpha:]]{0,}$", "12", true),
        (r"^(?i:K)$", "\u{212a}", true),
        (r"^(?P<1>a)(?i-s)(?<b>b)$", "aB", true),
        (r"^a(?i)*$", "aaa", true),
        (r"^a\sb$", "a\u{b}b", false),
    ] {
        assert_eq!(compile(expression).unwrap().is_match(text), expected, "{expression} on {text}");
    }
    for invalid in [
        "(",
        "[a",
        "*",
        r"\C",
        "a**b)",
        "a**",
        "a{2}{3}",
        "a{1001}",
        "(a{100}){11}",
        r"\p{Grek}",
        "(?=a)",
        "(?x)a",
        r"(a)\1",
        "[z-a]",
    ] {
        assert!(compile(invalid).is_none(), "{invalid}");
    }
}

#[test]
fn groups_may_be_nested_and_not_without_end() {
    let nested = |depth: usize| format!("^{}x{}$", "(?i:a|b(".repeat(depth), ")*c)+".repeat(depth));
    let most = compile(&nested(30)).unwrap();
    assert!(most.is_match("A") && most.is_match("bAc") && !most.is_match("bA"));
    assert!(compile(&nested(31)).is_none());
    assert!(compile(&"(".repeat(100_000)).is_none());
}
