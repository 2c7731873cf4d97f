//! Signals on their way to the command.

use std::io::{self, IsTerminal as _};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::{Handle, Signals};

/// Signals no longer end this process from here on, and none is lost.
pub(crate) struct Caught(Signals);

/// Passes signals on until it is dropped.
pub(super) struct Forwarding(Handle);

impl Caught {
    pub(super) fn new() -> io::Result<Caught> {
        Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]).map(Caught)
    }

    pub(super) fn forward(self, child: u32) -> Forwarding {
        let Caught(mut signals) = self;
        let handle = signals.handle();
        let child = i32::try_from(child).ok().map(Pid::from_raw);
        // What is typed at the terminal goes to every process of the foreground; twice is more than was meant.
        let typed = io::stdin().is_terminal() || io::stderr().is_terminal();
        thread::spawn(move || {
            for signal in &mut signals {
                if typed && matches!(signal, SIGINT | SIGQUIT) {
                    continue;
                }
                if let (Some(child), Ok(signal)) = (child, Signal::try_from(signal)) {
                    // One that has ended meanwhile has no use for it.
                    let _ = kill(child, signal);
                }
            }
        });
        Forwarding(handle)
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.0.close();
    }
}
