//! The signals that end a server.

use sops::KeyError;
use tokio::signal;

/// What waits for them.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: signal::unix::Signal,
}

impl Signals {
    pub(super) fn new() -> Result<Signals, KeyError> {
        Ok(Signals {
            #[cfg(unix)]
            terminate: signal::unix::signal(signal::unix::SignalKind::terminate())
                .map_err(|error| KeyError::Unavailable(format!("cannot wait for signals: {error}")))?,
        })
    }

    /// Returns when one has come.
    pub(super) async fn stopped(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    }
}
