//! The operator's place in a cluster: its rights are those of `deploy/`, and programs of a test can stand behind a Service.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, Error};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn an_installed_operator_may_do_what_deploy_says_and_no_more() -> Result<()> {
    let plane = rig::shared().await?;
    let installation = plane.install().await?;
    let elsewhere = plane.namespace().await?;
    let client = plane.client_for(&installation.token)?;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &elsewhere);
    rig::eventually(DEADLINE, "the operator's rights", async || secrets.list(&ListParams::default()).await.ok())
        .await?;
    let secret = serde_json::from_value(json!({ "metadata": { "name": "made" } }))?;
    secrets.create(&PostParams::default(), &secret).await?;
    refused(secrets.delete("made", &DeleteParams::default()).await)?;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &elsewhere);
    refused(maps.list(&ListParams::default()).await)?;
    refused(lease(&client, &elsewhere).await)?;
    rig::eventually(DEADLINE, "the right to a lease", async || lease(&client, &installation.namespace).await.ok())
        .await?;
    Ok(())
}

#[tokio::test]
async fn every_definition_is_served_in_every_version() -> Result<()> {
    let plane = rig::shared().await?;
    plane.definitions().await?;
    for definition in crds::definitions() {
        let spec = definition.resource.spec;
        for version in spec.versions.iter().filter(|version| version.served) {
            let path = format!("/apis/{}/{}/{}", spec.group, version.name, spec.names.plural);
            let list = async || plane.admin().request_text(http::Request::get(&path).body(Vec::new()).ok()?).await.ok();
            rig::eventually(DEADLINE, &path, list).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn two_installations_fit_on_one_control_plane() -> Result<()> {
    let plane = rig::shared().await?;
    let (one, two) = tokio::try_join!(plane.install(), plane.install())?;
    assert_ne!(one.user, two.user);
    for installation in [one, two] {
        let secrets: Api<Secret> = Api::all(plane.client_for(&installation.token)?);
        rig::eventually(DEADLINE, "the rights", async || secrets.list_metadata(&ListParams::default()).await.ok())
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_program_behind_a_service_is_reached_through_the_api_server() -> Result<()> {
    let plane = rig::shared().await?;
    let namespace = plane.namespace().await?;
    let listener = TcpListener::bind((rig::host_address()?, 0)).await?;
    let port = listener.local_addr()?.port();
    let program = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let read = socket.read(&mut request).await.unwrap_or_default();
            let path = String::from_utf8_lossy(&request[..read]).split(' ').nth(1).unwrap_or_default().to_owned();
            let length = path.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{path}");
            drop(socket.write_all(answer.as_bytes()).await);
        }
    });
    plane.publish_service(&namespace, "program", "http", port).await?;
    let path = format!("/api/v1/namespaces/{namespace}/services/http:program:http/proxy/v1/cert.pem");
    let answer = plane.admin().request_text(http::Request::get(path).body(Vec::new())?).await?;
    assert_eq!(answer, "/v1/cert.pem");
    program.abort();
    Ok(())
}

async fn lease(client: &Client, namespace: &str) -> Result<Lease, Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), namespace);
    let mut lease = Lease::default();
    lease.metadata.name = Some("strongroom".into());
    leases.create(&PostParams::default(), &lease).await
}

fn refused<T>(answer: Result<T, Error>) -> Result<()> {
    match answer {
        Err(Error::Api(status)) if status.code == 403 => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => anyhow::bail!("the operator may do more than it should"),
    }
}
