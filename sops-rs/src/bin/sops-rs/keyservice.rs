//! `keyservice`: uses the keys of this machine for others, until it is stopped.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use clap::Args;
use sops::keyservice::{Server, Work};
use sops::{KeyError, KeyId, KeyService};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::args::Global;
use crate::failure::{Failure, code, say, warn};
use crate::question;
use crate::runtime;
use crate::services::{Local, wait};

mod remote;
mod stop;

pub(crate) use remote::Remote;

const EXAMPLES: &str = "\
Examples:
  sops-rs keyservice --network unix --address /run/user/1000/sops.sock
  sops-rs decrypt --enable-local-keyservice=false --keyservice unix:///run/user/1000/sops.sock secrets.yaml
  sops-rs keyservice --prompt                                 on 127.0.0.1:5000, asking before each use

There is neither encryption nor login: whoever reaches the address uses the keys.";

/// Flags of `keyservice`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeKeys {
    /// Network to listen on: tcp or unix
    #[arg(long, visible_alias = "net", value_name = "NETWORK", default_value = "tcp")]
    network: String,
    /// Address to listen on: HOST:PORT, or the path of a socket
    #[arg(long, visible_alias = "addr", value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    address: String,
    /// Ask on this terminal before each use of a key
    #[arg(long)]
    prompt: bool,
}

impl ServeKeys {
    /// Serves until a signal ends it.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        let keys = Arc::new(Blocking { local: Arc::default(), tells: global.verbose });
        let server = Server::new(keys);
        let server = if self.prompt { server.asking(Arc::new(ask)) } else { server };
        let (network, address) = (self.network.clone(), self.address.clone());
        let ended = wait(runtime::spawn(async move {
            match network.as_str() {
                "tcp" | "tcp4" | "tcp6" => tcp(&address, server).await,
                #[cfg(unix)]
                "unix" => unix(&address, server).await,
                other => Err(KeyError::Malformed(format!("`{other}` is no network: tcp or unix"))),
            }
        }));
        ended.map_err(|error| Failure::new(code::GENERIC, error.to_string()))
    }
}

async fn tcp(address: &str, server: Server) -> Result<(), KeyError> {
    // `:5000` is every address of the machine, as Go writes it.
    let address = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() };
    let listener = TcpListener::bind(&address).await.map_err(|error| not_listening(&address, &error))?;
    let bound = listener.local_addr().map_err(|error| not_listening(&address, &error))?;
    if !bound.ip().is_loopback() {
        warn(&format!(
            "whoever reaches {bound} uses the keys of this machine, and what they open crosses the network in clear"
        ));
    }
    say(&format!("listening on tcp://{bound}"));
    let mut signals = stop::Signals::new()?;
    loop {
        tokio::select! {
            () = signals.stopped() => return Ok(()),
            accepted = listener.accept() => if let Ok((connection, _)) = accepted {
                serve(&server, connection);
            },
        }
    }
}

#[cfg(unix)]
async fn unix(path: &str, server: Server) -> Result<(), KeyError> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let mut signals = stop::Signals::new()?;
    let listener = tokio::net::UnixListener::bind(path).map_err(|error| not_listening(path, &error))?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|error| not_listening(path, &error))?;
    say(&format!("listening on unix://{path}"));
    loop {
        tokio::select! {
            () = signals.stopped() => {
                // Somebody else may have taken it away already.
                let _ = fs::remove_file(path);
                return Ok(());
            }
            accepted = listener.accept() => if let Ok((connection, _)) = accepted {
                serve(&server, connection);
            },
        }
    }
}

fn not_listening(address: &str, error: &io::Error) -> KeyError {
    KeyError::Unavailable(format!("cannot listen on {address}: {error}"))
}

fn serve(server: &Server, connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let server = server.clone();
    tokio::spawn(async move {
        // The other end knows best why it broke off; the next connection does not care.
        let _ = server.serve(connection).await;
    });
}

fn ask(work: Work, key: &KeyId) -> bool {
    static TERMINAL: Mutex<()> = Mutex::new(());
    let _one_at_a_time = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
    let verb = match work {
        Work::Encrypt => "encrypt",
        Work::Decrypt => "decrypt",
    };
    let answer = question::answer(|| {
        say(&format!("somebody asks to {verb} with the {} key {}: allow? (y/n)", key.kind(), key.name()));
        Ok(())
    });
    // With nobody to ask, the answer is no.
    matches!(answer, Ok(Some(true)))
}

/// The local keys, which may wait for programs and people, on threads that may wait.
struct Blocking {
    local: Arc<Local>,
    tells: bool,
}

impl Blocking {
    fn tell(&self, done: &str, key: &KeyId, is_done: bool) {
        if self.tells {
            let outcome = if is_done { done } else { "failed" };
            say(&format!("{outcome} with the {} key {}", key.kind(), key.name()));
        }
    }
}

#[async_trait]
impl KeyService for Blocking {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let (local, id, plaintext) = (Arc::clone(&self.local), key.clone(), Zeroizing::new(plaintext.to_vec()));
        let wrapped = tokio::task::spawn_blocking(move || wait(local.wrap(&id, &plaintext))).await;
        let wrapped = wrapped.map_err(|_| given_up())?;
        self.tell("encrypted", key, wrapped.is_ok());
        wrapped
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (local, id, enc) = (Arc::clone(&self.local), key.clone(), enc.to_owned());
        let opened = tokio::task::spawn_blocking(move || wait(local.unwrap(&id, &enc))).await;
        let opened = opened.map_err(|_| given_up())?;
        self.tell("decrypted", key, opened.is_ok());
        opened
    }
}

fn given_up() -> KeyError {
    KeyError::Unavailable("the work was given up".to_owned())
}
