//! Which cluster is asked and as whom: kubeconfigs, credential plugins, and kubectl's flags over both.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scene::{KEYS, Scene};
use crate::sealing::{Tool, behind_its_service};

const NOWHERE: &str = "https://127.0.0.1:1";
const SECRET: &str = "metadata: {name: db}\nstringData: {password: hunter2}\n";

/// A folder with what the flags name.
struct Files {
    folder: TempDir,
    token: String,
}

static FOREIGN_TOKEN: LazyLock<String> = LazyLock::new(|| "canary-token-that-nobody-may-see".to_owned());

impl Files {
    /// `ca.crt` and the token of the person whose kubeconfig this is.
    fn new(scene: &Scene<'_>, kubeconfig: &Path) -> Result<Files> {
        let folder = TempDir::with_prefix("strongroom-connection-")?;
        fs::write(folder.path().join("ca.crt"), scene.plane.certificate_authority())?;
        let kubeconfig: Value = serde_json::from_slice(&fs::read(kubeconfig)?)?;
        let token = kubeconfig["users"][0]["user"]["token"].as_str().context("the kubeconfig has no token")?;
        Ok(Files { token: token.to_owned(), folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A kubeconfig in which only these are given.
    fn kubeconfig(&self, name: &str, clusters: &Value, users: &Value, contexts: &Value) -> Result<PathBuf> {
        let current = contexts[0]["name"].clone();
        let config = json!({ "apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts, "current-context": current });
        fs::write(self.path(name), config.to_string())?;
        Ok(self.path(name))
    }

    /// A credential plugin that prints `output` and ends with `status`.
    fn plugin(&self, name: &str, output: &str, status: u8) -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        fs::write(self.path(&format!("{name}.out")), output)?;
        let script = format!("#!/bin/sh\ncat '{0}.out'\ncat '{0}.out' >&2\nexit {status}\n", self.text(name));
        fs::write(self.path(name), script)?;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// A kubeconfig for the API server whose user has this plugin, named relative to the file.
    fn with_plugin(&self, scene: &Scene<'_>, plugin: &str) -> Result<PathBuf> {
        let exec = json!({ "apiVersion": "client.authentication.k8s.io/v1", "command": format!("./{plugin}"), "interactiveMode": "Never" });
        self.kubeconfig(
            &format!("{plugin}.yaml"),
            &json!([{ "name": "c", "cluster": { "server": scene.plane.url(), "certificate-authority": "ca.crt" } }]),
            &json!([{ "name": "u", "user": { "exec": exec } }]),
            &json!([{ "name": "x", "context": { "cluster": "c", "user": "u" } }]),
        )
    }
}

/// Fetches the certificate; the error tells what the program said.
fn fetch(scene: &Scene<'_>, kubeconfig: &Path, flags: &[&str]) -> Result<()> {
    let controller = ["--controller-namespace", scene.installation.namespace.as_str(), "--fetch-cert"];
    let certificate = Tool::Ours.run(kubeconfig, "", &[&controller[..], flags].concat())?;
    assert_eq!(certificate, KEYS[1].certificate_pem());
    Ok(())
}

/// What the program said when it failed.
#[track_caller]
fn said(fetched: Result<()>) -> String {
    format!("{:#}", fetched.expect_err("nothing was refused"))
}

#[track_caller]
fn refused(fetched: Result<()>, expected: &str) {
    let said = said(fetched);
    assert!(said.contains(expected) && said.contains("hint: "), "{said}");
}

#[tokio::test]
async fn flags_say_which_cluster_is_asked_and_as_whom() -> Result<()> {
    let scene = Scene::new().await?;
    let (_operator, kubeconfig) = behind_its_service(&scene).await?;
    let files = Files::new(&scene, &kubeconfig)?;
    let (url, token, authority) = (scene.plane.url(), files.token.as_str(), files.text("ca.crt"));
    let none = files.path("absent");
    let server = ["--server", url];
    let bare = ["--server", url, "--token", token];
    let with = |flags: &[&str]| fetch(&scene, &none, &[&bare[..], flags].concat());
    with(&["--certificate-authority", &authority])?;
    with(&["--insecure-skip-tls-verify"])?;
    with(&["--certificate-authority", &authority, "--tls-server-name", "localhost"])?;
    refused(with(&[]), "invalid peer certificate");
    refused(
        with(&["--certificate-authority", &authority, "--tls-server-name", "elsewhere"]),
        "invalid peer certificate",
    );
    refused(with(&["--certificate-authority", "absent.crt"]), "cannot read absent.crt: no such file or directory");
    let trusted = [&server[..], &["--certificate-authority", &authority]].concat();
    refused(fetch(&scene, &none, &[&trusted[..], &["--token", "wrong"]].concat()), "Unauthorized");
    refused(fetch(&scene, &none, &trusted), "cannot get resource \"services\"");
    // Over a kubeconfig that leads elsewhere, as somebody else.
    let other = files.kubeconfig(
        "other",
        &json!([{ "name": "c", "cluster": { "server": NOWHERE } }]),
        &json!([{ "name": "u", "user": { "token": *FOREIGN_TOKEN } }, { "name": "person", "user": { "token": token } }]),
        &json!([{ "name": "x", "context": { "cluster": "c", "user": "u" } }]),
    )?;
    fetch(&scene, &other, &[&trusted[..], &["--user", "person"]].concat())?;
    fetch(&scene, &other, &[&trusted[..], &["--token", token]].concat())?;
    refused(fetch(&scene, &other, &trusted), "Unauthorized");
    refused(fetch(&scene, &other, &[]), "Connection refused");
    Ok(())
}

#[tokio::test]
async fn whoever_may_can_act_as_somebody_else() -> Result<()> {
    let scene = Scene::new().await?;
    let (_operator, person) = behind_its_service(&scene).await?;
    let admin = scene.plane.kubeconfig_file(scene.plane.admin_token(), "default")?;
    let elsewhere = ["--controller-namespace", "kube-system"];
    fetch(&scene, &admin, &["--as", "jane"])?;
    refused(fetch(&scene, &person, &["--as", "jane"]), "cannot impersonate");
    refused(fetch(&scene, &admin, &[&["--as", "jane"], &elsewhere[..]].concat()), "User \"jane\" cannot get resource");
    let masters = ["--as", "jane", "--as-group", "nobody", "--as-group", "system:masters", "--as-uid", "7"];
    refused(fetch(&scene, &admin, &[&masters[..], &elsewhere[..]].concat()), "not found");
    Ok(())
}

#[tokio::test]
async fn credential_plugins_are_asked_and_never_quoted() -> Result<()> {
    let scene = Scene::new().await?;
    let (_operator, kubeconfig) = behind_its_service(&scene).await?;
    let files = Files::new(&scene, &kubeconfig)?;
    let credential = |token: &str| {
        json!({ "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": { "token": token } }).to_string()
    };
    files.plugin("good", &credential(&files.token), 0)?;
    fetch(&scene, &files.with_plugin(&scene, "good")?, &[])?;
    for (name, output, status, expected) in [
        ("wrong", credential(&FOREIGN_TOKEN), 0, "Unauthorized"),
        ("failing", credential(&FOREIGN_TOKEN), 3, "the credential plugin failed (exit status: 3)"),
        ("odd", format!("{}: [", *FOREIGN_TOKEN), 0, "no credential could be had"),
    ] {
        files.plugin(name, &output, status)?;
        let said = said(fetch(&scene, &files.with_plugin(&scene, name)?, &[]));
        ensure!(said.contains(expected) && !said.contains(FOREIGN_TOKEN.as_str()), "{name}: {said}");
    }
    let said = said(fetch(&scene, &files.with_plugin(&scene, "absent")?, &[]));
    ensure!(said.contains("the credential plugin cannot be started: "), "{said}");
    // A token of the command line leaves the plugin alone.
    fetch(&scene, &files.with_plugin(&scene, "failing")?, &["--token", &files.token])?;
    Ok(())
}

#[tokio::test]
async fn kubeconfigs_are_found_merged_and_said_to_be_wrong() -> Result<()> {
    let scene = Scene::new().await?;
    let (_operator, kubeconfig) = behind_its_service(&scene).await?;
    let files = Files::new(&scene, &kubeconfig)?;
    // Of several files the first that names a thing wins, and one that is missing does not count.
    let cluster =
        json!([{ "name": "c", "cluster": { "server": scene.plane.url(), "certificate-authority": "ca.crt" } }]);
    let first = files.kubeconfig(
        "first",
        &json!([]),
        &json!([{ "name": "u", "user": { "token": files.token } }]),
        &json!([{ "name": "x", "context": { "cluster": "c", "user": "u", "namespace": "from-first" } }]),
    )?;
    let second = files.kubeconfig(
        "second",
        &cluster,
        &json!([{ "name": "u", "user": { "token": *FOREIGN_TOKEN } }]),
        &json!([{ "name": "y", "context": { "cluster": "c", "user": "u", "namespace": "from-second" } }]),
    )?;
    let list = format!("{}::{}:{}", files.text("absent"), first.display(), second.display());
    fetch(&scene, Path::new(&list), &[])?;
    fetch(&scene, Path::new(&list), &["--context", "y"])?;
    let certificate = files.text("cert.pem");
    fs::write(&certificate, KEYS[1].certificate_pem())?;
    let namespace = |flags: &[&str]| -> Result<String> {
        let sealed = Tool::Ours.run(Path::new(&list), SECRET, &[&["--cert", &certificate], flags].concat())?;
        let sealed: Value = serde_json::from_str(&sealed)?;
        Ok(sealed["metadata"]["namespace"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(namespace(&[])?, "from-first");
    assert_eq!(namespace(&["--context", "y"])?, "from-second");
    assert_eq!(namespace(&["-n", "flag"])?, "flag");
    assert_eq!(namespace(&["--scope", "cluster-wide"])?, "");
    // A server that nobody listens on is not asked when the certificate is there.
    assert_eq!(namespace(&["--server", NOWHERE])?, "from-first");
    fs::write(files.path("broken"), format!("users: [{{user: {{token: {}", *FOREIGN_TOKEN))?;
    let said = said(fetch(&scene, &files.path("broken"), &[]));
    ensure!(said.contains("is not a kubeconfig") && !said.contains(FOREIGN_TOKEN.as_str()), "{said}");
    Ok(())
}

/// A proxy that connects to whatever it is told, and counts.
fn proxy() -> Result<(String, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || tunnel(client));
        }
    });
    Ok((address, connections))
}

fn tunnel(mut client: TcpStream) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8(request)?;
    let target = request.split(' ').nth(1).filter(|_| request.starts_with("CONNECT ")).context("no CONNECT")?;
    let server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut back, mut forth) = (server.try_clone()?, client.try_clone()?);
    let backwards = thread::spawn(move || io::copy(&mut back, &mut forth));
    io::copy(&mut client, &mut &server)?;
    drop(server);
    let _ = backwards.join();
    Ok(())
}

#[tokio::test]
async fn the_api_server_is_reached_through_a_proxy() -> Result<()> {
    let scene = Scene::new().await?;
    let (_operator, kubeconfig) = behind_its_service(&scene).await?;
    let (address, connections) = proxy()?;
    fetch(&scene, &kubeconfig, &["--proxy-url", &address])?;
    ensure!(connections.load(Ordering::Relaxed) > 0, "the proxy was not used");
    refused(fetch(&scene, &kubeconfig, &["--proxy-url", "http://127.0.0.1:1"]), "cannot get the Service");
    refused(fetch(&scene, &kubeconfig, &["--proxy-url", "ftp://127.0.0.1:1"]), "the proxy cannot be used");
    Ok(())
}
