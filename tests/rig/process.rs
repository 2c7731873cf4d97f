//! A program under test: its output in files, its signals, its exit. No process started here outlives the test process: each has
//! a guard, a shell that reads a pipe whose other end only the test process holds. When that ends, even by SIGKILL, the pipe
//! closes and the guard kills. It must never signal a process identifier that may belong to somebody else by now.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};
use tempfile::TempDir;
use tokio::sync::watch;

/// The shell starts the guard and becomes the program, so that the program is our direct child. A line on the pipe means
/// that the program has ended and was waited for: its identifier may be in use again, the guard must not touch it.
const GUARD: &str = r#"
program=$$
exec 3<&0
(
    read -r _ <&3 && exit
    kill -s KILL "$program"
    [ -z "$1" ] || rm -rf -- "$1"
    kill -s KILL -- "-$program"
) >/dev/null 2>&1 &
exec 3<&- </dev/null
shift
exec "$@"
"#;

/// A running program. Dropping it kills it and everything it started in its process group.
pub struct Process {
    name: String,
    pid: Pid,
    /// Set under its lock in the moment in which the process is waited for.
    reaped: Arc<Mutex<bool>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    waiter: Option<JoinHandle<()>>,
    stdout: PathBuf,
    stderr: PathBuf,
    /// Has the output files, unless the caller keeps them.
    directory: Option<TempDir>,
}

impl Process {
    /// Starts the program, arguments, environment and working directory of `command`; input and output of `command` are ignored:
    /// the program reads nothing and its output goes to files.
    pub fn spawn(command: &Command) -> Result<Process> {
        let directory = TempDir::with_prefix("strongroom-process-")?;
        let mut process = Process::spawn_in(command, directory.path(), directory.path())?;
        process.directory = Some(directory);
        Ok(process)
    }

    /// Starts `command` with its output files in `directory`. The guard removes `scratch` if the test process dies.
    pub(crate) fn spawn_in(command: &Command, directory: &Path, scratch: &Path) -> Result<Process> {
        let program = Path::new(command.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        let stdout = directory.join(format!("{name}.stdout"));
        let stderr = directory.join(format!("{name}.stderr"));
        let mut shell = guarded(command, scratch);
        shell.stdout(File::options().create(true).append(true).open(&stdout)?);
        shell.stderr(File::options().create(true).append(true).open(&stderr)?);
        let mut child = shell.spawn().with_context(|| format!("could not start {}", program.display()))?;
        let pid = Pid::from_child(&child);
        let pipe = child.stdin.take().with_context(|| format!("{name} has no guard"))?;
        let reaped = Arc::new(Mutex::new(false));
        let (sender, exit) = watch::channel(None);
        let flag = Arc::clone(&reaped);
        let waiter = thread::spawn(move || {
            let _ = sender.send(Some(reap(child, pid, pipe, &flag)));
        });
        Ok(Process { name, pid, reaped, exit, waiter: Some(waiter), stdout, stderr, directory: None })
    }

    /// The process identifier.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Stops it where it stands (SIGSTOP), as a frozen node does. It stands when this returns: on another processor it would
    /// go on for a moment after the signal, and answer.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(self.pid), options) {
                Err(Errno::INTR) => {}
                // It has ended and was waited for.
                Ok(_) | Err(Errno::CHILD) => return Ok(()),
                Err(error) => return Err(error).context("could not wait for it to stop"),
            }
        }
    }

    /// Lets it go on after [`Process::pause`] (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Sends SIGUSR1, which means what the program says it means.
    pub fn prompt(&self) -> Result<()> {
        self.signal(Signal::USR1)
    }

    /// Asks it to end (SIGTERM), as a cluster does first.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Kills it (SIGKILL) with its process group.
    pub fn kill(&self) -> Result<()> {
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if *reaped {
            return Ok(());
        }
        kill_process_group(self.pid, Signal::KILL).with_context(|| format!("could not kill {}", self.name))
    }

    /// How it ended, or `None` while it runs.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until it has ended. The exit code is `status.code()`, or `None` when a signal ended it.
    pub async fn wait(&self, deadline: Duration) -> Result<ExitStatus> {
        let mut exit = self.exit.clone();
        let ended = tokio::time::timeout(deadline, exit.wait_for(Option::is_some)).await;
        let status = ended.with_context(|| format!("{} was still running after {deadline:?}", self.name))?;
        status?.ok_or_else(|| anyhow!("{} has no exit status", self.name))
    }

    /// What it has written to stdout so far.
    pub fn stdout(&self) -> Result<String> {
        read(&self.stdout)
    }

    /// What it has written to stderr so far.
    pub fn stderr(&self) -> Result<String> {
        read(&self.stderr)
    }

    /// Its resident memory in bytes. Linux only.
    pub fn resident_bytes(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most resident memory it has had, in bytes. Linux only.
    pub fn peak_resident_bytes(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    /// The processor time that it has used, in seconds. Linux only.
    pub fn processor_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid()))?;
        // The name, in brackets, may hold spaces. User and system time are fields 14 and 15, in hundredths of a second.
        let (_, fields) = stat.rsplit_once(')').context("no such field")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        Ok(f64::from(ticks.sum::<Result<u32, _>>()?) / 100.0)
    }

    /// The last lines of its stderr, for the text of an error.
    pub(crate) fn last_words(&self) -> String {
        let text = self.stderr().unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("{} wrote last:\n{}", self.name, lines[lines.len().saturating_sub(12)..].join("\n"))
    }

    fn memory(&self, field: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib: u64 = line.and_then(|rest| rest.split_whitespace().next()).context("no such field")?.parse()?;
        Ok(kib * 1024)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let reaped = self.reaped.lock().unwrap_or_else(PoisonError::into_inner);
        if *reaped {
            return Ok(());
        }
        kill_process(self.pid, signal).with_context(|| format!("could not signal {}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when it has ended already, and then there is nothing to do.
        let _ = self.kill();
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }
}

/// The same command under a guard, in a process group of its own.
fn guarded(command: &Command, scratch: &Path) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", GUARD, "guard"]).arg(scratch).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        shell.current_dir(directory);
    }
    shell.stdin(Stdio::piped()).process_group(0);
    shell
}

/// Waits for the end without taking the identifier away, then takes it away under the lock that signals hold.
fn reap(mut child: Child, pid: Pid, mut pipe: ChildStdin, reaped: &Mutex<bool>) -> ExitStatus {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
    let mut reaped = reaped.lock().unwrap_or_else(PoisonError::into_inner);
    let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(-1));
    *reaped = true;
    // The guard may be gone already, killed with the group.
    let _ = pipe.write_all(b"\n");
    status
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
