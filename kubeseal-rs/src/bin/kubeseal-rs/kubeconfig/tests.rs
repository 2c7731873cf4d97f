//! The flags over a kubeconfig, as kubectl lays them.

use clap::{Args as _, Command, FromArgMatches as _};
use tempfile::TempDir;

use super::*;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: first
clusters:
- {name: c1, cluster: {server: "https://one:6443", tls-server-name: inner, certificate-authority-data: b25l}}
- {name: c2, cluster: {server: "https://two:6443", insecure-skip-tls-verify: true, proxy-url: "http://proxy:3128"}}
- {name: plain, cluster: {server: "http://three:8080"}}
users:
- {name: u1, user: {token: hunter2, client-certificate-data: eA==, client-key-data: eA==}}
- {name: u2, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: plugin, interactiveMode: Never}}}
contexts:
- {name: first, context: {cluster: c1, user: u1}}
- {name: second, context: {cluster: c2, user: u2, namespace: shop}}
- {name: open, context: {cluster: plain, user: u1}}
- {name: dangling, context: {cluster: gone, user: gone}}
"#;

fn connection(flags: &[&str]) -> (TempDir, Connection) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("config");
    fs::write(&path, KUBECONFIG).unwrap();
    let words = ["test", "--kubeconfig", path.to_str().unwrap()].into_iter().chain(flags.iter().copied());
    let matches = Connection::augment_args(Command::new("test")).try_get_matches_from(words).unwrap();
    (directory, Connection::from_arg_matches(&matches).unwrap())
}

fn selection(flags: &[&str]) -> Result<Selected> {
    let (_directory, connection) = connection(flags);
    selected(&connection).map(|selected| selected.unwrap())
}

fn written(user: &AuthInfo) -> serde_json::Value {
    serde_json::to_value(user).unwrap()
}

#[test]
fn the_context_names_cluster_user_and_namespace() {
    for (flags, server, namespace) in [
        ([].as_slice(), "https://one:6443", "default"),
        (&["--context", "second"], "https://two:6443", "shop"),
        (&["--context", "second", "--cluster", "c1"], "https://one:6443", "shop"),
    ] {
        let (_directory, connection) = connection(flags);
        let selected = selected(&connection).unwrap().unwrap();
        assert_eq!(selected.cluster.server.as_deref(), Some(server), "{flags:?}");
        assert_eq!(default_namespace(&connection).as_deref(), Some(namespace), "{flags:?}");
    }
    assert!(selection(&["--user", "u2"]).unwrap().user.exec.is_some());
}

#[test]
fn what_is_missing_is_named() {
    for (flags, expected) in [
        (["--context", "gone"], "the kubeconfig has no context `gone`"),
        (["--cluster", "gone"], "the kubeconfig has no cluster `gone`"),
        (["--user", "gone"], "the kubeconfig has no user `gone`"),
        (["--context", "dangling"], "the kubeconfig has no cluster `gone`"),
    ] {
        assert_eq!(selection(&flags).err().unwrap().to_string(), expected);
    }
}

#[test]
fn who_the_command_line_says_one_is_replaces_who_the_kubeconfig_says() {
    let user = written(&selection(&["--token", "other"]).unwrap().user);
    assert_eq!(user["token"], "other");
    let user = written(&selection(&["--context", "second", "--token", "other"]).unwrap().user);
    assert_eq!((&user["token"], user.get("exec")), (&"other".into(), None));
    let user = written(&selection(&["--username", "me", "--password", "p"]).unwrap().user);
    assert_eq!((&user["username"], &user["password"], user.get("token")), (&"me".into(), &"p".into(), None));
    let user = written(&selection(&["--client-certificate", "crt", "--client-key", "key"]).unwrap().user);
    assert_eq!((&user["client-certificate"], user.get("client-certificate-data")), (&"crt".into(), None));
    assert_eq!((&user["client-key"], user.get("client-key-data")), (&"key".into(), None));
    let flags = ["--as", "jane", "--as-uid", "7", "--as-group", "a,b", "--as-group", "c"];
    let user = written(&selection(&flags).unwrap().user);
    assert_eq!((&user["as"], &user["as-uid"]), (&"jane".into(), &"7".into()));
    assert_eq!(user["as-groups"], serde_json::json!(["a,b", "c"]));
}

#[test]
fn the_server_of_the_command_line_has_its_own_name_and_authority() {
    let cluster = selection(&["--server", "https://four"]).unwrap().cluster;
    assert_eq!((cluster.server.as_deref(), cluster.tls_server_name), (Some("https://four"), None));
    assert!(cluster.certificate_authority_data.is_some());
    let cluster = selection(&["--certificate-authority", "ca.crt", "--context", "second"]).unwrap().cluster;
    assert_eq!(cluster.certificate_authority.as_deref(), Some("ca.crt"));
    assert_eq!(cluster.insecure_skip_tls_verify, Some(false));
    let cluster = selection(&["--insecure-skip-tls-verify"]).unwrap().cluster;
    assert_eq!((cluster.insecure_skip_tls_verify, cluster.certificate_authority_data), (Some(true), None));
    let cluster = selection(&["--tls-server-name", "outer"]).unwrap().cluster;
    assert_eq!(cluster.tls_server_name.as_deref(), Some("outer"));
}

#[test]
fn a_credential_does_not_travel_in_the_clear() {
    let (_directory, connection) = connection(&["--context", "open", "--as", "jane"]);
    let user = written(&config(&connection).unwrap().auth_info);
    assert_eq!(user, serde_json::json!({ "as": "jane" }));
}

#[test]
fn proxies_and_addresses_are_understood() {
    let (_directory, second) = connection(&["--context", "second"]);
    let configuration = config(&second).unwrap();
    assert_eq!(configuration.proxy_url, Some(Uri::from_static("http://proxy:3128")));
    assert!(configuration.accept_invalid_certs && !configuration.default_retry);
    let (_directory, bare) = connection(&["--context", "open", "--server", "127.0.0.1:8080"]);
    assert_eq!(config(&bare).unwrap().cluster_url, Uri::from_static("http://127.0.0.1:8080"));
    for server in ["https://", "not an address", "https://a b"] {
        let (_directory, connection) = connection(&["--server", server]);
        assert!(config(&connection).is_err(), "{server}");
    }
    let (_directory, first) = connection(&[]);
    assert_eq!(config(&first).err().unwrap().to_string(), "the certificate authority of the cluster cannot be read");
}
