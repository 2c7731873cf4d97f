//! A web server that answers as it is told and remembers what it was asked, for clouds that nobody can have here.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Method, path and protocol.
    pub(crate) line: String,
    /// The other lines, in small letters up to the colon.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

/// The server. It ends with the test process.
pub(crate) struct Web {
    at: SocketAddr,
    authority: Option<String>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Status, further header lines and body.
type Answer = (u16, String, String);
type Told = dyn Fn(&Seen) -> Answer + Send + Sync;

impl Web {
    /// Without TLS.
    pub(crate) fn plain(told: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Result<Web> {
        Web::start(Arc::new(told), None)
    }

    /// With TLS, for these hosts.
    pub(crate) fn secure(hosts: &[&str], told: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Result<Web> {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<String>>();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(hosts)?;
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        let mut web = Web::start(Arc::new(told), Some(Arc::new(config)))?;
        web.authority = Some(cert.pem());
        Ok(web)
    }

    fn start(told: Arc<Told>, tls: Option<Arc<ServerConfig>>) -> Result<Web> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (at, seen) = (listener.local_addr()?, Arc::new(Mutex::new(Vec::new())));
        let web = Web { at, authority: None, seen: Arc::clone(&seen) };
        thread::spawn(move || {
            while let Ok((connection, _)) = listener.accept() {
                let (told, tls, seen) = (Arc::clone(&told), tls.clone(), Arc::clone(&seen));
                thread::spawn(move || {
                    // A client that breaks off is the test's business.
                    let _ = connection.set_read_timeout(Some(Duration::from_secs(30)));
                    let _ = match tls {
                        None => answer(connection, &told, &seen),
                        Some(config) => tunnel(connection)
                            .and_then(|connection| Ok((ServerConnection::new(config)?, connection)))
                            .and_then(|(session, connection)| {
                                answer(StreamOwned::new(session, connection), &told, &seen)
                            }),
                    };
                });
            }
        });
        Ok(web)
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.at)
    }

    pub(crate) fn socket(&self) -> SocketAddr {
        self.at
    }

    /// The authority that its certificate is from, in PEM.
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_deref().unwrap_or_default()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client that takes the server for its proxy asks for a tunnel first; whichever host it names, it gets this one.
fn tunnel(mut connection: TcpStream) -> Result<TcpStream> {
    let mut start = [0; 1];
    connection.peek(&mut start)?;
    if start == *b"C" {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 1];
            connection.read_exact(&mut byte)?;
            head.extend(byte);
        }
        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    }
    Ok(connection)
}

fn answer(mut connection: impl Read + Write, told: &Arc<Told>, seen: &Arc<Mutex<Vec<Seen>>>) -> Result<()> {
    let mut bytes = Vec::new();
    let (head, mut body) = loop {
        let mut chunk = [0; 4096];
        let read = connection.read(&mut chunk)?;
        anyhow::ensure!(read > 0, "cut off");
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break (String::from_utf8(bytes[..end].to_vec())?, bytes[end + 4..].to_vec());
        }
    };
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next().unwrap_or_default();
    let in_small = |header: String| match header.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_ascii_lowercase()),
        None => header,
    };
    let headers: Vec<String> = lines.map(in_small).collect();
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")).unwrap_or("0").parse()?;
    while body.len() < length {
        let mut chunk = vec![0; length - body.len()];
        let read = connection.read(&mut chunk)?;
        anyhow::ensure!(read > 0, "cut off");
        body.extend_from_slice(&chunk[..read]);
    }
    let request = Seen { line, headers, body: String::from_utf8(body)? };
    let (status, extra, text) = told(&request);
    lock(seen).push(request);
    let length = text.len();
    let extra = if extra.is_empty() { extra } else { format!("{extra}\r\n") };
    write!(connection, "HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {length}\r\n{extra}\r\n{text}")?;
    connection.flush()?;
    Ok(())
}
