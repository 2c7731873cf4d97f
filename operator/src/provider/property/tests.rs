use super::*;

const SECRET: &str = r##"{"user":"ann","port":5432,"rate":1.50,"huge":1e21,"id":12345678901234567890,"on":true,"none":null,
  "a.b":"flat","a":{"b":"nested","c.d":{"e":"deep"}},"list":[{"n":"x","v":1},{"n":"y"},{"v":2}],"tls":{"crt": "<pem>", "n": 1.0},
  "empty":"","#":"hash"}"##;

fn selected(content: Content, property: &str) -> Result<String, PropertyError> {
    select(SECRET.as_bytes(), content, Some(property)).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn without_a_property_the_whole_secret_is_meant() {
    for property in [None, Some("")] {
        assert_eq!(select(b"not json \xff", Content::Text, property).unwrap().as_slice(), b"not json \xff");
    }
}

#[test]
fn an_exact_name_wins_over_a_path() {
    for content in [Content::Text, Content::Map] {
        assert_eq!(selected(content, "a.b").unwrap(), "flat");
        assert_eq!(selected(content, "user").unwrap(), "ann");
        assert_eq!(selected(content, "empty").unwrap(), "");
        assert_eq!(selected(content, "#").unwrap(), "hash");
    }
}

#[test]
fn a_path_leads_through_objects_and_arrays() {
    let path = |property| selected(Content::Text, property);
    assert_eq!(path(r"a\.b").unwrap(), "flat");
    assert_eq!(path(r"a.c\.d.e").unwrap(), "deep");
    assert_eq!(path("list.1.n").unwrap(), "y");
    assert_eq!(path("list.#").unwrap(), "3");
    assert_eq!(path("list.#.n").unwrap(), r#"["x","y"]"#);
    assert_eq!(path("list.0").unwrap(), r#"{"n":"x","v":1}"#);
    for missing in ["nobody", "a.x", "list.9", "list.x", "user.x", "a..b", "list.#.n.0.x"] {
        assert!(matches!(path(missing), Err(PropertyError::Missing)) || path(missing).unwrap() == "[]", "{missing}");
    }
}

#[test]
fn values_become_bytes_by_the_rules_of_the_original() {
    let both = |property| (selected(Content::Text, property).unwrap(), selected(Content::Map, property).unwrap());
    let pair = |text: &str, map: &str| (text.to_owned(), map.to_owned());
    assert_eq!(both("port"), pair("5432", "5432"));
    assert_eq!(both("rate"), pair("1.5", "1.50"));
    assert_eq!(both("huge"), pair("1000000000000000000000", "1e21"));
    assert_eq!(both("id"), pair("12345678901234567890", "12345678901234567890"));
    assert_eq!(both("on"), pair("true", "true"));
    assert_eq!(both("none"), pair("", ""));
    assert_eq!(both("tls"), pair(r#"{"crt": "<pem>", "n": 1.0}"#, r#"{"crt": "<pem>", "n": 1.0}"#));
}

#[test]
fn what_is_not_understood_is_refused_and_not_guessed() {
    for property in ["us*r", "list.#(n==\"x\").v", "user|@reverse", "@this", "{user,port}", "us?r"] {
        assert_eq!(selected(Content::Text, property), Err(PropertyError::Unsupported), "{property}");
    }
    assert_eq!(select(b"plain", Content::Text, Some("user")).map(drop), Err(PropertyError::NotJson));
    assert_eq!(select(br#"{"a":"\ud800"}"#, Content::Text, Some("a")).map(drop), Err(PropertyError::NotJson));
}

#[test]
fn an_object_becomes_entries() {
    let entries = |content, property| -> Vec<(String, String)> {
        let found = extract(SECRET.as_bytes(), content, property).unwrap();
        found.into_iter().map(|(key, value)| (key, String::from_utf8(value.to_vec()).unwrap())).collect()
    };
    let text = entries(Content::Text, None);
    let value = |all: &[(String, String)], name: &str| all.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert_eq!(text.len(), 13);
    assert_eq!(value(&text, "user"), "ann");
    assert_eq!(value(&text, "rate"), "1.50");
    assert_eq!(value(&text, "none"), "");
    assert_eq!(value(&text, "tls"), r#"{"crt": "<pem>", "n": 1.0}"#);
    let map = entries(Content::Map, None);
    assert_eq!(value(&map, "rate"), "1.5");
    assert_eq!(value(&map, "on"), "true");
    assert_eq!(value(&map, "tls"), r#"{"crt":"\u003cpem\u003e","n":1}"#);
    assert_eq!(entries(Content::Text, Some("list.1")), [("n".to_owned(), "y".to_owned())]);
    assert_eq!(extract(SECRET.as_bytes(), Content::Text, Some("user")).map(drop), Err(PropertyError::NotObject));
    assert_eq!(extract(b"[1]", Content::Text, None).map(drop), Err(PropertyError::NotObject));
}
