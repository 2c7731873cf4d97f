//! A Service that leads to a program of the test, which is no Pod. The API server's service proxy goes only to an address that
//! is not loopback and that a Pod claims, so both are made up around the host's own address. Nothing is ever scheduled.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::ControlPlane;
use super::manifests;

impl ControlPlane {
    /// Makes the Service `namespace/name` lead to `port` on [`host_address`], where the program must listen.
    pub async fn publish_service(&self, namespace: &str, name: &str, port_name: &str, port: u16) -> Result<()> {
        let address = host_address()?;
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name },
            "spec": { "containers": [{ "name": "program", "image": "none" }] } });
        manifests::apply(&self.admin(), namespace, vec![pod]).await?;
        let status = json!({ "status": { "phase": "Running", "podIP": address, "podIPs": [{ "ip": address }] } });
        let pods: Api<Pod> = Api::namespaced(self.admin(), namespace);
        pods.patch_status(name, &PatchParams::default(), &Patch::Merge(status))
            .await
            .context("could not give the Pod its address")?;
        let objects = service_objects(name, &json!({ "name": port_name, "port": port }), address, namespace);
        manifests::apply(&self.admin(), namespace, objects).await
    }
}

fn service_objects(name: &str, port: &Value, address: IpAddr, namespace: &str) -> Vec<Value> {
    let pod = json!({ "kind": "Pod", "name": name, "namespace": namespace });
    let service =
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": name }, "spec": { "ports": [port] } });
    let endpoints = json!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": { "name": name },
        "subsets": [{ "addresses": [{ "ip": address, "targetRef": pod }], "ports": [port] }] });
    vec![service, endpoints]
}

/// An address of this machine that is not loopback.
pub fn host_address() -> Result<IpAddr> {
    routed()
        .or_else(listed)
        .context("this machine has no address but loopback, and the API server's service proxy needs one")
}

/// The address from which the machine would speak to the world. Connecting a datagram socket sends nothing.
fn routed() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// A machine without a route to the world may still have an address. Linux only.
fn listed() -> Option<IpAddr> {
    let table = fs::read_to_string("/proc/net/fib_trie").ok()?;
    let lines: Vec<&str> = table.lines().collect();
    let local = lines.windows(2).filter(|pair| pair[1].contains("/32 host LOCAL"));
    let mut addresses = local.filter_map(|pair| pair[0].split_whitespace().last()?.parse::<Ipv4Addr>().ok());
    addresses.find(|address| !address.is_loopback()).map(IpAddr::from)
}
