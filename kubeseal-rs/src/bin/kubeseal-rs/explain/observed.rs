//! What everybody may see: the sizes in the file, what the controller answers, and what the API server shows of the object to
//! whoever asks. What it does not let this user see is said, and is no failure.

use anyhow::Result;
use kubeseal::{Certificate, Place, SealedFacts};
use serde_json::{Value, json};

use crate::cluster::{self, Controller};
use crate::connection::Connection;
use crate::explain::{Explained, ExplainedValue, first_format, unreadable};
use crate::sealed_file::SealedObject;

/// The newest events that are told.
const MAXIMUM_EVENTS: usize = 5;

/// One thing that the cluster says about an object.
pub(crate) struct Fact {
    pub(crate) what: &'static str,
    pub(crate) text: String,
    pub(crate) hint: Option<&'static str>,
}

/// Asks the controller and the API server about every object.
pub(crate) fn explain(
    objects: &[SealedObject],
    namespace: Option<&str>,
    connection: &Connection,
) -> Result<Vec<Explained>> {
    cluster::block_on(async {
        let controller = Controller::connect(connection).await?;
        let certificate = Certificate::from_pem(&controller.certificate().await?).ok();
        let mut explained = Vec::new();
        for object in objects {
            explained.push(one(object, namespace, &controller, certificate.as_ref()).await?);
        }
        Ok(explained)
    })
}

async fn one(
    object: &SealedObject,
    namespace: Option<&str>,
    controller: &Controller,
    certificate: Option<&Certificate>,
) -> Result<Explained> {
    let place = object.place(namespace);
    let (verdict, opens) = verified(object, &place, controller).await?;
    let mut observed = vec![verdict];
    observed.extend(in_cluster(object, &place, controller).await?);
    let mut values: Vec<ExplainedValue> =
        object.entries.iter().map(|(key, text)| value(key, text.as_deref(), certificate, opens)).collect();
    if object.has_first_format {
        values.push(first_format());
    }
    Ok(Explained { place, observed, values, opens })
}

/// Whether the controller opens it. Why it does not is told to nobody who has no keys.
async fn verified(object: &SealedObject, place: &Place, controller: &Controller) -> Result<(Fact, Option<bool>)> {
    let annotations: Value = place.scope.annotation().map_or_else(|| json!({}), |name| json!({ name: "true" }));
    let data: Value =
        object.entries.iter().map(|(key, text)| (key.clone(), json!(text))).collect::<serde_json::Map<_, _>>().into();
    let metadata = json!({ "name": place.name, "namespace": place.namespace, "annotations": annotations });
    let spec = json!({ "encryptedData": data });
    let body =
        json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": metadata, "spec": spec });
    let (status, answer) = controller.post("verify", body.to_string().into_bytes()).await?;
    Ok(match status.as_u16() {
        200 => (fact("controller", "it opens every value"), Some(true)),
        409 => {
            let hint = "sealed for another namespace, name or scope, with a key that the controller does not have, or cut off; \
                        who has a backup of the keys learns which with --key";
            (Fact { hint: Some(hint), ..fact("controller", "it does not open every value") }, Some(false))
        }
        _ => (fact("controller", format!("could not be asked: {}", cluster::reason(status, &answer))), None),
    })
}

/// The object in the cluster: whether it is this one, its conditions, and its events.
async fn in_cluster(object: &SealedObject, place: &Place, controller: &Controller) -> Result<Vec<Fact>> {
    if ![&place.namespace, &place.name].into_iter().all(|name| cluster::is_dns_name(name)) {
        return Ok(vec![fact("in the cluster", "its namespace or its name is none that Kubernetes allows")]);
    }
    let path = format!("/apis/bitnami.com/v1alpha1/namespaces/{}/sealedsecrets/{}", place.namespace, place.name);
    let (status, body) = controller.get(&path).await?;
    if !status.is_success() {
        let text = match status.as_u16() {
            403 => "you may not read it".to_owned(),
            404 => "there is none of this name: it was not applied, or under another name".to_owned(),
            _ => cluster::reason(status, &body),
        };
        return Ok(vec![fact("in the cluster", text)]);
    }
    let applied: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut facts = vec![fact("in the cluster", difference(object, &applied))];
    let conditions = applied["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    facts.extend(conditions.iter().map(|condition| fact("condition", condition_text(condition))));
    if conditions.is_empty() {
        facts.push(Fact {
            hint: Some("look at the controller's log, and at the namespaces that it watches"),
            ..fact("condition", "none: no controller has looked at it yet")
        });
    }
    facts.extend(events(place, controller).await?);
    Ok(facts)
}

fn difference(object: &SealedObject, applied: &Value) -> String {
    let data = applied["spec"]["encryptedData"].as_object();
    let is_same = |(key, text): &&(String, Option<String>)| {
        data.and_then(|data| data.get(key)).and_then(Value::as_str) == text.as_deref()
    };
    let other: Vec<&str> = object.entries.iter().filter(|entry| !is_same(entry)).map(|(key, _)| key.as_str()).collect();
    let more = data.is_some_and(|data| data.len() > object.entries.len());
    match (other.is_empty(), more) {
        (true, false) => "it holds the values of the file".to_owned(),
        (true, true) => "it holds the values of the file, and others".to_owned(),
        (false, _) => format!("it holds other values than the file for {}", other.join(", ")),
    }
}

fn condition_text(condition: &Value) -> String {
    let part = |key: &str| condition[key].as_str().unwrap_or_default().to_owned();
    let mut text = format!("{} is {}", part("type"), part("status"));
    for detail in [part("reason"), part("message")].iter().filter(|detail| !detail.is_empty()) {
        text.push_str(", ");
        text.push_str(detail);
    }
    text
}

async fn events(place: &Place, controller: &Controller) -> Result<Vec<Fact>> {
    let selector = format!("involvedObject.kind%3DSealedSecret,involvedObject.name%3D{}", place.name);
    let path = format!("/api/v1/namespaces/{}/events?fieldSelector={selector}", place.namespace);
    let (status, body) = controller.get(&path).await?;
    if !status.is_success() {
        return Ok(vec![fact("events", "you may not read them")]);
    }
    let list: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut events: Vec<(String, Fact)> = list["items"].as_array().into_iter().flatten().map(event).collect();
    events.sort_by(|(one, _), (other, _)| one.cmp(other));
    let skipped = events.len().saturating_sub(MAXIMUM_EVENTS);
    Ok(events.into_iter().skip(skipped).map(|(_, fact)| fact).collect())
}

fn event(event: &Value) -> (String, Fact) {
    let part = |key: &str| event[key].as_str().unwrap_or_default();
    let when = ["lastTimestamp", "eventTime", "firstTimestamp"].into_iter().map(part).find(|time| !time.is_empty());
    let when = when.unwrap_or_default().to_owned();
    let text = format!("{when} {} {}: {}", part("type"), part("reason"), part("message"));
    (when, fact("event", text.trim_start().to_owned()))
}

/// What the file itself says about a value.
fn value(key: &str, text: Option<&str>, certificate: Option<&Certificate>, opens: Option<bool>) -> ExplainedValue {
    let blob = match unreadable(key, text) {
        Ok(blob) => blob,
        Err(value) => return value,
    };
    let Some(sealed) = SealedFacts::of(&blob) else {
        return ExplainedValue {
            key: key.to_owned(),
            opens: Some(false),
            finding: "it is truncated".to_owned(),
            hint: Some("take the value from the last commit that worked, or seal it again".to_owned()),
            facts: json!({ "diagnosis": "truncated" }),
        };
    };
    let newest = certificate.map(|certificate| certificate.modulus_len() * 8);
    let size = match newest {
        Some(bits) if bits != sealed.key_bits => format!("; the controller's newest key has {bits} bits"),
        _ => String::new(),
    };
    ExplainedValue {
        key: key.to_owned(),
        // The controller judges the whole object; when that opens, every value does.
        opens: opens.filter(|opens| *opens),
        finding: format!("{} bytes, sealed for a key of {} bits{size}", sealed.value_len, sealed.key_bits),
        hint: None,
        facts: json!({ "keyBits": sealed.key_bits, "valueLength": sealed.value_len, "newestKeyBits": newest }),
    }
}

fn fact(what: &'static str, text: impl Into<String>) -> Fact {
    Fact { what, text: text.into(), hint: None }
}
