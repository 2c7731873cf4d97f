//! The key services of a run: this process, and those that `--keyservice` names.
//!
//! Nothing is set up before a key needs it: a file that opens with a key of the user starts no runtime and no TLS.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use sops::{KeyError, KeyId, KeyService};
use zeroize::Zeroizing;

use crate::args::services::ServiceFlags;
#[cfg(feature = "remote")]
use crate::clouds::Clouds;
use crate::failure::{Failure, code};
use crate::gnupg::GnuPg;
use crate::identities::Identities;
#[cfg(feature = "keyservice")]
use crate::keyservice::Remote;

/// Key services in the order in which they are asked.
pub(crate) struct Services(Vec<Box<dyn KeyService>>);

impl Services {
    /// From the flags.
    pub(crate) fn new(flags: &ServiceFlags) -> Result<Services, Failure> {
        let mut services: Vec<Box<dyn KeyService>> = Vec::new();
        if flags.local() {
            services.push(Box::new(Local::default()));
        }
        for uri in flags.remote() {
            services.push(remote(uri)?);
        }
        Ok(Services(services))
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<&dyn KeyService> {
        self.0.iter().map(|service| &**service).collect()
    }
}

#[cfg(feature = "keyservice")]
fn remote(uri: &str) -> Result<Box<dyn KeyService>, Failure> {
    match Remote::new(uri) {
        Ok(service) => Ok(Box::new(service)),
        Err(error) => Err(Failure::new(code::GENERIC, format!("--keyservice: {error}"))),
    }
}

#[cfg(not(feature = "keyservice"))]
fn remote(uri: &str) -> Result<Box<dyn KeyService>, Failure> {
    Err(Failure::new(code::GENERIC, format!("the key service {uri} cannot be used: this build has no client for it")))
}

/// The keys that this process can use itself: an arm for each type.
#[derive(Default)]
pub(crate) struct Local {
    age: Identities,
    pgp: GnuPg,
    #[cfg(feature = "remote")]
    clouds: Clouds,
}

#[async_trait]
impl KeyService for Local {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        match key {
            KeyId::Age(_) => self.age.wrap(key, plaintext).await,
            KeyId::Pgp(_) => self.pgp.wrap(key, plaintext).await,
            #[cfg(feature = "remote")]
            other => self.clouds.wrap(other, plaintext).await,
            #[cfg(not(feature = "remote"))]
            other => Err(KeyError::Unsupported(other.kind().to_owned())),
        }
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match key {
            KeyId::Age(_) => self.age.unwrap(key, enc).await,
            KeyId::Pgp(_) => self.pgp.unwrap(key, enc).await,
            #[cfg(feature = "remote")]
            other => self.clouds.unwrap(other, enc).await,
            #[cfg(not(feature = "remote"))]
            other => Err(KeyError::Unsupported(other.kind().to_owned())),
        }
    }
}

/// Runs a future on this thread. Key types that need a runtime bring their own.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
