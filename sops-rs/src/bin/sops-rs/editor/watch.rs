//! What a signal does while an editor has the text: it ends editor and program, and nothing stays in clear.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// How often a folder is tried to be removed in which a dying editor still has its hands.
const ATTEMPTS: usize = 5;

/// Lasts until its end.
pub(super) struct Watch {
    handle: Handle,
    editor: Arc<AtomicU32>,
    thread: JoinHandle<()>,
}

impl Watch {
    pub(super) fn over(folder: &Path) -> io::Result<Watch> {
        let mut signals = Signals::new([SIGTERM, SIGHUP, SIGQUIT, SIGINT])?;
        let (handle, folder) = (signals.handle(), folder.to_owned());
        let editor = Arc::new(AtomicU32::new(0));
        let running = Arc::clone(&editor);
        // What is typed at the terminal reaches the editor too, which may well mean something else by Ctrl-C.
        let typed = io::stdin().is_terminal();
        let thread = thread::spawn(move || {
            let ends = |signal: &i32| !(typed && matches!(*signal, SIGINT | SIGQUIT));
            if let Some(signal) = signals.forever().find(ends) {
                end(&folder, running.load(Ordering::SeqCst), signal);
            }
        });
        Ok(Watch { handle, editor, thread })
    }

    /// Tells which process the editor is.
    pub(super) fn runs(&self, editor: u32) {
        self.editor.store(editor, Ordering::SeqCst);
    }

    /// Does not come back if a signal came first: how this process ends is then settled.
    pub(super) fn end(self) {
        self.handle.close();
        // It panics nowhere.
        let _ = self.thread.join();
    }
}

fn end(folder: &Path, editor: u32, signal: i32) -> ! {
    if let (Ok(editor @ 1..), Ok(name)) = (i32::try_from(editor), Signal::try_from(signal)) {
        // It may have ended meanwhile.
        let _ = kill(Pid::from_raw(editor), name);
    }
    for _ in 0..ATTEMPTS {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            break;
        }
    }
    process::exit(128 + signal)
}
