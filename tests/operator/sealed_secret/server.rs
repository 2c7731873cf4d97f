//! `/v1/verify` and `/v1/rotate` as anybody in the cluster can ask them: what they answer, and the attacks that they withstand.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use kubeseal::{CLUSTER_WIDE, Scope};
use rig::{Operator, OperatorOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene, metric, seal};

const PATHS: [&str; 2] = ["/v1/verify", "/v1/rotate"];

/// As many requests as anybody likes.
fn unlimited(options: OperatorOptions) -> OperatorOptions {
    options.argument("--rate-limit=1000000").argument("--rate-limit-burst=1000000")
}

/// A whole document for the object `namespace`/`name`.
fn document(scene: &Scene<'_>, name: &str, spec: &Value) -> Value {
    let metadata = json!({ "name": name, "namespace": scene.namespace });
    json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": metadata, "spec": spec })
}

fn sealed(scene: &Scene<'_>, name: &str, value: &str) -> Result<String> {
    seal(&KEYS[1], Scope::Strict, &scene.namespace, name, value)
}

#[tokio::test]
async fn what_is_wrong_with_the_request_has_codes_of_its_own_and_the_rest_has_one() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = Operator::start_ready(&unlimited(scene.options()?)).await?;
    let good = document(&scene, "db", &json!({ "encryptedData": { "password": sealed(&scene, "db", "one")? } }));
    let mut moved = good.clone();
    moved["metadata"]["name"] = json!("other");
    let mut broken = good.clone();
    broken["spec"]["encryptedData"]["password"] = json!("AQAAAA==");
    let huge = format!("{}{}", " ".repeat(10 * 1024 * 1024), good);
    let several = format!("---\n{good}\n---\n{good}\n");
    let cases = [
        (good.to_string(), [200, 200]),
        (moved.to_string(), [409, 500]),
        (broken.to_string(), [409, 500]),
        ("not a document".to_owned(), [400, 400]),
        (several, [400, 400]),
        (good.to_string().replace("SealedSecret", "Secret"), [400, 400]),
        (String::new(), [400, 400]),
        (huge, [413, 413]),
    ];
    for (body, codes) in cases {
        for (path, code) in PATHS.into_iter().zip(codes) {
            let (status, text) = operator.post(path, body.clone()).await?;
            assert_eq!(status, code, "{path}: {}", &body[..body.len().min(80)]);
            ensure!(text.is_empty() || (path == "/v1/rotate" && status == 200), "{path} said {text}");
        }
    }
    assert_eq!(metric(&operator, "strongroom_rsa_operations_total").await?, 4, "what is no document costs nothing");
    let metrics = operator.metrics().await?;
    let counted = r#"sealed_secrets_controller_http_requests_total{path="/v1/verify",code="409",method="post"} 2"#;
    ensure!(metrics.contains(counted), "{metrics}");
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_caller_has_three_requests_and_then_two_a_second() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    for path in PATHS {
        let mut codes = Vec::new();
        for _ in 0..4 {
            codes.push(operator.post(path, "nothing").await?.0);
        }
        assert_eq!(codes, [400, 400, 400, 429], "{path}");
    }
    let back = async || (operator.post("/v1/verify", "nothing").await.ok()?.0 == 400).then_some(());
    rig::eventually(DEADLINE, "the limit being over", back).await?;
    let certificates = try_join_all((0..20).map(|_| operator.certificate())).await?;
    assert_eq!(certificates.len(), 20, "the certificate has no limit");
    Ok(())
}

/// The decryption oracles of 0.38 (`verify`) and 0.39 (`rotate`): a template that fails or not, depending on a value, told
/// the value bit by bit. Here ten thousand chosen templates and ciphertexts make one class of answers.
#[tokio::test]
async fn ten_thousand_chosen_templates_and_ciphertexts_get_one_answer() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = Operator::start_ready(&unlimited(scene.options()?)).await?;
    let blob = sealed(&scene, "db", "one")?;
    let plaintext = canary::value("one");
    for path in PATHS {
        let (mut opened, mut closed) = (BTreeSet::new(), BTreeSet::new());
        for number in 0..2_500_usize {
            let letter = char::from(b' ' + u8::try_from(number % 95)?);
            let guess = format!("{}{letter}", &plaintext[..number / 95 % plaintext.len()]);
            let template = format!("{{{{ if hasPrefix {guess:?} .password }}}}{{{{ fail `yes` }}}}{{{{ end }}}}");
            let spec = json!({ "encryptedData": { "password": blob }, "template": { "data": { "t": template } } });
            let (status, _) = operator.post(path, document(&scene, "db", &spec).to_string()).await?;
            opened.insert(status);
            let spec = json!({ "encryptedData": { "password": flipped(&blob, number)? }, "template": { "data": { "t": template } } });
            closed.insert(operator.post(path, document(&scene, "db", &spec).to_string()).await?);
        }
        assert_eq!(opened.into_iter().collect::<Vec<_>>(), [200], "{path}");
        let refusal = if path == "/v1/verify" { 409 } else { 500 };
        assert_eq!(closed.into_iter().collect::<Vec<_>>(), [(refusal, String::new())], "{path}");
    }
    scene.nothing_leaked(&operator).await
}

/// A blob with one bit changed: in the header, in the RSA part, in the body or in the tag.
fn flipped(blob: &str, number: usize) -> Result<String> {
    let mut bytes = kubeseal::decode_base64(blob)?;
    let at = number % bytes.len();
    bytes[at] ^= 1 << (number / bytes.len() % 8);
    Ok(kubeseal::encode_base64(&bytes))
}

/// CVE-2026-22728 from end to end: the thief adds an annotation to the template and asks for the file to be sealed anew.
#[tokio::test]
async fn what_rotation_gives_back_opens_nowhere_but_where_it_did_before() -> Result<()> {
    let scene = Scene::without_key().await?;
    scene.add_key(&KEYS[0]).await?;
    let operator = Operator::start_ready(&unlimited(scene.options()?)).await?;
    let blob = seal(&KEYS[0], Scope::Strict, "victim", "db", "one")?;
    scene.add_key(&KEYS[1]).await?;
    let newest = async || operator.certificate().await.ok().filter(|pem| pem == KEYS[1].certificate_pem());
    rig::eventually(DEADLINE, "the newest key", newest).await?;
    let mut stolen = document(&scene, "db", &json!({ "encryptedData": { "password": blob } }));
    stolen["metadata"]["namespace"] = json!("victim");
    stolen["spec"]["template"] = json!({ "metadata": { "annotations": { CLUSTER_WIDE: "true" } } });
    let (status, text) = operator.post("/v1/rotate", stolen.to_string()).await?;
    assert_eq!(status, 200);
    canary::search("the answer", &text)?;
    let rotated: Value = serde_json::from_str(&text)?;
    let again = rotated["spec"]["encryptedData"]["password"].as_str().context("no value")?;
    assert_ne!(again, blob, "not sealed anew");
    // Applied where the thief may write, under every scope that he may claim.
    for (name, annotations) in [("as-is", json!({})), ("wide", json!({ CLUSTER_WIDE: "true" }))] {
        let metadata = json!({ "name": name, "annotations": annotations });
        scene
            .create::<crds::SealedSecret>(
                json!({ "metadata": metadata, "spec": { "encryptedData": { "password": again } } }),
            )
            .await?;
        scene.failed(name).await?;
    }
    Ok(())
}

/// Sends bytes and answers what comes back until the other side closes.
async fn exchange(address: SocketAddr, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tokio::time::timeout(DEADLINE, stream.read_to_string(&mut answer)).await??;
    Ok(answer)
}

#[tokio::test]
async fn bodies_that_never_end_and_connections_that_say_nothing_hold_up_nobody() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = Operator::start_ready(&unlimited(scene.options()?).argument("--read-timeout=1s")).await?;
    let address = operator.address();
    assert_eq!(exchange(address, "").await?, "", "a silent connection is closed");
    let never = "POST /v1/verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{";
    let stalled = try_join_all((0..10).map(|_| exchange(address, never))).await?;
    ensure!(stalled.iter().all(|answer| answer.starts_with("HTTP/1.1 408")), "{stalled:?}");
    let good = document(&scene, "db", &json!({ "encryptedData": { "password": sealed(&scene, "db", "one")? } }));
    assert_eq!(operator.post("/v1/verify", good.to_string()).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn health_answers_whatever_the_method_and_readiness_waits_for_the_key() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    assert_eq!(operator.get("/healthz").await?, "ok\n");
    assert_eq!(operator.post("/healthz", "").await?, (200, "ok\n".to_owned()));
    assert_eq!(operator.get("/readyz").await?, "ok\n");
    assert_eq!(operator.post("/v1/cert.pem", "").await?, (200, KEYS[1].certificate_pem().to_owned()));
    Ok(())
}

/// Whoever may log in reaches this port through the API server: it shows no name of an object. The other one does.
#[tokio::test]
async fn names_are_in_the_metrics_of_their_own_port_alone() -> Result<()> {
    let scene = Scene::new().await?;
    let [port] = rig::free_ports()?;
    let flag = format!("--listen-metrics-addr=127.0.0.1:{port}");
    let operator = Operator::start_ready(&scene.options()?.argument(&flag)).await?;
    let mut object = scene.sealed("well-known", &[("password", "one")])?;
    object["metadata"]["labels"] = json!({ "app.kubernetes.io/instance": "shop" });
    scene.create::<crds::SealedSecret>(object).await?;
    scene.synced("well-known").await?;
    scene.create_foreign("taken", json!({})).await?;
    scene.create_sealed("taken", "one").await?;
    scene.failed("taken").await?;
    let metrics = operator.metrics().await?;
    ensure!(!metrics.contains("well-known"), "{metrics}");
    let namespace = &scene.namespace;
    let unmanaged =
        format!(r#"sealed_secrets_controller_unseal_errors_total{{reason="unmanaged",namespace="{namespace}"}} 1"#);
    ensure!(metrics.contains(&unmanaged), "{metrics}");
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let all = exchange(SocketAddr::from(([127, 0, 0, 1], port)), request).await?;
    for (name, instance, value) in [("well-known", "shop", 1), ("taken", "", -1)] {
        let line = format!(
            r#"sealed_secrets_controller_condition_info{{namespace="{namespace}",name="{name}",condition="Synced",ss_app_kubernetes_io_instance="{instance}"}} {value}"#
        );
        ensure!(all.lines().any(|written| written == line), "{line} is not in\n{all}");
    }
    assert_tells_of_its_process(&metrics)?;
    assert_tells_of_its_process(&all)?;
    // An object that is gone has no sample.
    scene.api::<crds::SealedSecret>().delete("taken", &kube::api::DeleteParams::default()).await?;
    let forgotten = async || {
        let all = exchange(SocketAddr::from(([127, 0, 0, 1], port)), request).await.ok()?;
        (!all.contains("taken") && all.contains("well-known")).then_some(())
    };
    rig::eventually(DEADLINE, "the metric being gone", forgotten).await?;
    Ok(())
}

/// What every Prometheus client tells about its process.
fn assert_tells_of_its_process(metrics: &str) -> Result<()> {
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_start_time_seconds",
        "process_open_fds",
        "process_max_fds",
    ] {
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
        ensure!(value.is_some_and(|value| value > 0.0), "{name} is not in\n{metrics}");
    }
    Ok(())
}
