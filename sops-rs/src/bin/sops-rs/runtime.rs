//! The one asynchronous runtime of this program, started when the first remote key, key service or upload needs it.

use std::future::Future;
use std::sync::OnceLock;

use sops::KeyError;
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Result<&'static Runtime, KeyError> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    // One thread drives all connections; the threads of the program wait.
    let start = || Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
    let failed = || KeyError::Unavailable("no thread for connections can be started".to_owned());
    RUNTIME.get_or_init(start).as_ref().ok_or_else(failed)
}

/// Runs a future there. Whoever waits for it needs no runtime.
pub(crate) async fn spawn<T: Send + 'static>(
    future: impl Future<Output = Result<T, KeyError>> + Send + 'static,
) -> Result<T, KeyError> {
    let stopped = |_| KeyError::Unavailable("the connection was given up".to_owned());
    runtime()?.spawn(future).await.map_err(stopped)?
}
