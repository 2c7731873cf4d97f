//! `--cert` with an address, the proxy of the environment, and `--cert-fingerprint`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use crate::place::{Place, SECRET};

/// Answers one request with a status line and a body; the thread answers with the request's first line.
fn serve(status: &'static str, body: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        while !lines.next().unwrap().unwrap().is_empty() {}
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
            .unwrap();
        first
    });
    (address, served)
}

#[test]
fn a_certificate_is_fetched_from_an_address() {
    let place = Place::new();
    let (address, served) = serve("200 OK", place.read("cert.pem"));
    let ended = place.run(&["--cert", &format!("{address}/v1/cert.pem")], SECRET);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(served.join().unwrap(), "GET /v1/cert.pem HTTP/1.1");
    let file = format!("file://{}", place.path("cert.pem").display());
    assert_eq!(place.run(&["--cert", &file], SECRET).status, Some(0));
    assert_eq!(place.run(&["--cert", &file, "--fetch-cert"], "").stdout, place.read("cert.pem"));
}

#[test]
fn the_proxy_of_the_environment_is_used() {
    let place = Place::new();
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let (proxy, served) = serve("200 OK", place.read("cert.pem"));
        let address = "http://certificates.example/cert.pem";
        let ended = place.run_with(&["--cert", address], SECRET, &[(variable, &proxy)]);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{variable}");
        assert_eq!(served.join().unwrap(), "GET http://certificates.example/cert.pem HTTP/1.1");
    }
    // This machine is reached without it.
    let (address, served) = serve("200 OK", place.read("cert.pem"));
    let ended = place.run_with(&["--cert", &address], SECRET, &[("HTTP_PROXY", "http://127.0.0.1:1")]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    served.join().unwrap();
}

#[test]
fn an_address_that_gives_no_certificate_is_named() {
    let place = Place::new();
    let hint = "hint: check the address and the proxy settings\n";
    let (address, served) = serve("404 Not Found", place.read("cert.pem"));
    let stderr = format!("error: cannot fetch the certificate {address}: 404 not found\n{hint}");
    place.assert_fails(&["--cert", &address], SECRET, 1, &stderr);
    served.join().unwrap();
    let (address, served) = serve("200 OK", "x".repeat(2 * 1024 * 1024));
    let stderr = format!("error: cannot fetch the certificate {address}: it is too long for a certificate\n{hint}");
    place.assert_fails(&["--cert", &address], SECRET, 1, &stderr);
    drop(served);
    let ended = place.run(&["--cert", "http://127.0.0.1:1/"], SECRET);
    let error = "error: cannot fetch the certificate http://127.0.0.1:1/: Connection refused";
    assert!(ended.stderr.starts_with(error) && ended.stderr.ends_with(hint), "{}", ended.stderr);
    place.assert_fails(
        &["--cert", "ftp://example.com/cert.pem"],
        SECRET,
        1,
        "error: --cert takes a file, or an http, https or file address\nhint: check the address\n",
    );
}

#[test]
fn another_certificate_than_the_pinned_one_is_refused() {
    let place = Place::new();
    let key = place.key();
    let ended = place.run(&["--cert", "cert.pem", "--cert-fingerprint", key.fingerprint()], SECRET);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let other = format!("SHA256:{}", "0".repeat(64));
    let ended = place.run(&["--cert", "cert.pem", "--cert-fingerprint", &other], SECRET);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("not the one of --cert-fingerprint"), "{}", ended.stderr);
}
