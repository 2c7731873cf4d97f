use serde_json::{Value, json};

use super::*;

fn spec(text: Value) -> ExternalSecretSpec {
    serde_json::from_value(text).unwrap()
}

fn found(text: &str) -> Fetched {
    Fetched::Found { bytes: Zeroizing::new(text.as_bytes().to_vec()), content: Content::Text }
}

fn assembled(spec: &ExternalSecretSpec, fetched: Vec<Fetched>) -> Result<Vec<(String, String)>, Failure> {
    let parts = parts(spec)?;
    assert_eq!(parts.len(), fetched.len());
    let values = assemble(spec, &parts, fetched)?.values;
    Ok(values.into_iter().map(|(key, value)| (key, String::from_utf8(value.to_vec()).unwrap())).collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn data_wins_over_data_from_and_later_over_earlier() {
    let spec = spec(json!({
        "secretStoreRef": {"name": "main"},
        "data": [
            {"secretKey": "c", "remoteRef": {"key": "three"}},
            {"secretKey": "d", "remoteRef": {"key": "four", "property": "x.y"}},
        ],
        "dataFrom": [{"extract": {"key": "one"}}, {"extract": {"key": "two", "version": "7"}}],
    }));
    let order: Vec<String> = parts(&spec).unwrap().iter().map(|part| part.place.clone()).collect();
    assert_eq!(order, ["spec.dataFrom[0]", "spec.dataFrom[1]", "spec.data[0]", "spec.data[1]"]);
    assert_eq!(parts(&spec).unwrap()[1].remote_key(), RemoteKey { key: "two".into(), version: Some("7".into()) });
    let fetched = vec![
        found(r#"{"a":"1","b":"1","c":"1"}"#),
        found(r#"{"b":"2","c":"2"}"#),
        found("3"),
        found(r#"{"x":{"y":4}}"#),
    ];
    assert_eq!(assembled(&spec, fetched).unwrap(), pairs(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]));
}

#[test]
fn entries_are_converted_then_decoded_then_judged() {
    let spec = spec(json!({
        "secretStoreRef": {"name": "main"},
        "dataFrom": [{"extract": {"key": "one", "decodingStrategy": "Base64", "nullBytePolicy": "Fail"}}],
    }));
    assert_eq!(assembled(&spec, vec![found(r#"{"a/b":"YQ==","":"!"}"#)]).unwrap(), pairs(&[("a_b", "a")]));
    let failure = assembled(&spec, vec![found(r#"{"a":"AA=="}"#)]).unwrap_err();
    assert_eq!(failure.message, "spec.dataFrom[0]: `one`, entry `a`: the value has a zero byte");
    let failure = assembled(&spec, vec![found(r#"{"a":"secret!"}"#)]).unwrap_err();
    assert_eq!(failure.reason, Reason::RemoteInvalid);
    assert!(!failure.message.contains("secret!"), "{}", failure.message);
    let failure = assembled(&spec, vec![found(r#"{"a/b":"YQ==","a b":"YQ=="}"#)]).unwrap_err();
    assert_eq!(failure.message, "spec.dataFrom[0]: `one`: two entries become `a_b`");
}

#[test]
fn a_missing_secret_fails_unless_the_policy_takes_it() {
    let with = |policy: Value| {
        spec(json!({
            "secretStoreRef": {"name": "main"},
            "target": {"deletionPolicy": policy},
            "data": [{"secretKey": "a", "remoteRef": {"key": "one"}}, {"secretKey": "b", "remoteRef": {"key": "two"}}],
        }))
    };
    for policy in [json!(null), json!("Retain"), json!("")] {
        let failure = assembled(&with(policy), vec![found("1"), Fetched::Missing]).unwrap_err();
        assert_eq!(
            (failure.reason, failure.message.as_str()),
            (Reason::RemoteMissing, "spec.data[1]: the store has no secret `two`")
        );
    }
    let spec = with(json!("Merge"));
    let parts = parts(&spec).unwrap();
    let assembled = assemble(&spec, &parts, vec![found("1"), Fetched::Missing]).unwrap();
    assert_eq!(assembled.values.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(assembled.missing, ["spec.data[1]"]);
}

#[test]
fn a_missing_property_is_an_error_that_names_it_and_no_value() {
    let spec = spec(json!({
        "secretStoreRef": {"name": "main"},
        "target": {"deletionPolicy": "Delete"},
        "data": [{"secretKey": "a", "remoteRef": {"key": "one", "property": "nope"}}],
    }));
    let failure = assembled(&spec, vec![found(r#"{"a":"value"}"#)]).unwrap_err();
    assert_eq!(failure.message, "spec.data[0]: `one`, property `nope`: there is no such property");
    let failure = assembled(&spec, vec![found("value")]).unwrap_err();
    assert_eq!(failure.reason, Reason::RemoteInvalid);
    assert!(!failure.message.contains("value"), "{}", failure.message);
}

#[test]
fn an_entry_may_have_a_store_of_its_own() {
    let spec = spec(json!({
        "secretStoreRef": {"name": "main", "kind": "ClusterSecretStore"},
        "data": [
            {"secretKey": "a", "remoteRef": {"key": "one"}, "sourceRef": {"storeRef": {"name": "other", "kind": "SecretStore"}}},
            {"secretKey": "b", "remoteRef": {"key": "two"}},
        ],
    }));
    let stores: Vec<&str> = parts(&spec).unwrap().iter().map(|part| part.store.name.as_str()).collect();
    assert_eq!(stores, ["other", "main"]);
}

#[test]
fn what_would_make_another_secret_is_refused_by_name() {
    for (change, field) in [
        (json!({"target": {"template": {"data": {"a": "{{ .a }}"}}}}), "spec.target.template"),
        (json!({"target": {"manifest": {"apiVersion": "v1", "kind": "ConfigMap"}}}), "spec.target.manifest"),
        (json!({"syncWindows": {"kind": "allow", "windows": []}}), "spec.syncWindows"),
        (json!({"dataFrom": [{"find": {"name": {"regexp": "x"}}}]}), "spec.dataFrom[0].find"),
        (json!({"dataFrom": [{"extract": {"key": "x"}, "rewrite": [{"regexp": {}}]}]}), "spec.dataFrom[0].rewrite"),
        (
            json!({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "UUID"}}}]}),
            "spec.dataFrom[0].sourceRef.generatorRef",
        ),
        (
            json!({"dataFrom": [{"extract": {"key": "x", "metadataPolicy": "Fetch"}}]}),
            "spec.dataFrom[0].extract.metadataPolicy: Fetch",
        ),
    ] {
        let mut text = json!({
            "secretStoreRef": {"name": "main"},
            "data": [{"secretKey": "a", "remoteRef": {"key": "one"}}],
        });
        text.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let failure = parts(&spec(text)).unwrap_err();
        assert_eq!((failure.reason, failure.message), (Reason::Unsupported, format!("`{field}` is not supported")));
    }
}

#[test]
fn what_means_nothing_is_invalid() {
    let data = json!([{"secretKey": "a", "remoteRef": {"key": "one"}}]);
    for text in [
        json!({"secretStoreRef": {"name": "main"}}),
        json!({"data": data}),
        json!({"data": data, "secretStoreRef": {"name": ""}}),
        json!({"data": data, "secretStoreRef": {"name": "main", "kind": "Other"}}),
        json!({"data": data, "secretStoreRef": {"name": "main"}, "refreshInterval": "soon"}),
        json!({"data": data, "secretStoreRef": {"name": "main"}, "refreshPolicy": "Sometimes"}),
        json!({"data": data, "secretStoreRef": {"name": "main"}, "target": {"deletionPolicy": "Keep"}}),
        json!({"data": [{"secretKey": "a/b", "remoteRef": {"key": "one"}}], "secretStoreRef": {"name": "main"}}),
        json!({"data": [{"secretKey": "a", "remoteRef": {"key": ""}}], "secretStoreRef": {"name": "main"}}),
        json!({"dataFrom": [{}], "secretStoreRef": {"name": "main"}}),
        json!({"dataFrom": [{"extract": {"key": "a"}, "find": {}}], "secretStoreRef": {"name": "main"}}),
    ] {
        let failure = parts(&spec(text.clone())).map(|_| ()).unwrap_err();
        assert_eq!(failure.reason, Reason::InvalidSpec, "{text}");
    }
}
