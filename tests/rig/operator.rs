//! The operator as a process of its own: the same binary and the same flags as in a cluster, with the rights of the kubeconfig
//! that it is given. It must never pass on what the person who runs the tests has set up for a cloud or, unasked, a cluster.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::access::http_client;
use crate::binary::built_binary;
use crate::control_plane::free_ports;
use crate::process::Process;
use crate::wait::eventually;

/// How long the operator may take until it is ready: it may have to generate a sealing key of 4096 bits first, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a request to the operator itself may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Variables that lead programs elsewhere.
const FOREIGN: [&str; 14] = [
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "VAULT_ADDR",
    "VAULT_TOKEN",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
];

/// How the operator is started.
#[derive(Debug, Clone)]
pub struct OperatorOptions {
    /// Leads to the API server, or to a proxy in front of it. `None` leaves the operator to the person's own cluster.
    pub kubeconfig: Option<PathBuf>,
    /// The namespace of the sealing keys and the lease.
    pub operator_namespace: String,
    /// The namespaces it serves; all when empty.
    pub namespaces: Vec<String>,
    /// More flags of `strongroom run`.
    pub arguments: Vec<String>,
    /// More environment.
    pub environment: Vec<(String, String)>,
    /// Where it listens; not loopback when the API server's service proxy has to reach it.
    pub listen: IpAddr,
}

impl OperatorOptions {
    /// With every default.
    pub fn new(kubeconfig: PathBuf, operator_namespace: &str) -> OperatorOptions {
        OperatorOptions { kubeconfig: Some(kubeconfig), ..OperatorOptions::of_current_context(operator_namespace) }
    }

    /// For the cluster of the person who runs the demo, with that person's rights.
    pub fn of_current_context(operator_namespace: &str) -> OperatorOptions {
        OperatorOptions {
            kubeconfig: None,
            operator_namespace: operator_namespace.to_owned(),
            namespaces: Vec::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
            listen: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// Serves this namespace only, or this one too.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> OperatorOptions {
        self.namespaces.push(namespace.to_owned());
        self
    }

    /// With one more flag, or one more word of a flag.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> OperatorOptions {
        self.arguments.push(argument.to_owned());
        self
    }

    /// With one more variable of the environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> OperatorOptions {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, address: SocketAddr) -> Result<Command> {
        let mut command = Command::new(built_binary("strongroom")?);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.arg("run");
        if let Some(kubeconfig) = &self.kubeconfig {
            command.env_remove("KUBECONFIG").arg("--kubeconfig").arg(kubeconfig);
        }
        command.args(["--operator-namespace", &self.operator_namespace]);
        command.args(["--listen-addr", &address.to_string(), "--log-format", "json"]);
        for namespace in &self.namespaces {
            command.args(["--namespace", namespace]);
        }
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }
}

/// A running operator. Dropping it kills it.
pub struct Operator {
    process: Process,
    command: Command,
    address: SocketAddr,
    http: reqwest::Client,
}

impl Operator {
    /// Starts it and does not wait: see [`Operator::wait_ready`].
    pub fn start(options: &OperatorOptions) -> Result<Operator> {
        let [port] = free_ports()?;
        let address = SocketAddr::new(options.listen, port);
        let command = options.command(address)?;
        Ok(Operator { process: Process::spawn(&command)?, command, address, http: http_client(None)? })
    }

    /// Starts it and waits until it is ready.
    pub async fn start_ready(options: &OperatorOptions) -> Result<Operator> {
        let operator = Operator::start(options)?;
        operator.wait_ready().await?;
        Ok(operator)
    }

    /// Waits until it says of itself that it is ready.
    pub async fn wait_ready(&self) -> Result<()> {
        let ready = eventually(PATIENCE, "the operator being ready", async || {
            if self.process.exit_status().is_some() {
                return Some(false);
            }
            self.ready().await.then_some(true)
        });
        if ready.await.with_context(|| self.last_words())? {
            Ok(())
        } else {
            bail!("the operator ended; {}", self.last_words())
        }
    }

    /// Whether it says of itself, now, that it is ready.
    pub async fn ready(&self) -> bool {
        self.get("/readyz").await.is_ok()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The status and the text that it answers to a POST of `body`.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Result<(u16, String)> {
        let url = format!("http://{}{path}", self.address);
        let answer = self.http.post(url).body(body).timeout(ANSWER).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// What it answers to a GET of `path`; fails unless that is a success.
    pub async fn get(&self, path: &str) -> Result<String> {
        let answer = self.http.get(format!("http://{}{path}", self.address)).timeout(ANSWER).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "the operator answered {status} to {path}: {text}");
        Ok(text)
    }

    /// Its metrics, in the Prometheus text format.
    pub async fn metrics(&self) -> Result<String> {
        self.get("/metrics").await
    }

    /// The certificate to seal with, in PEM.
    pub async fn certificate(&self) -> Result<String> {
        self.get("/v1/cert.pem").await
    }

    /// The lines it has logged since its last start.
    pub fn log(&self) -> Result<Vec<String>> {
        let text = self.process.stdout()? + &self.process.stderr()?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The process, for its memory and its signals.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Stops it where it stands (SIGSTOP), as a frozen node does.
    pub fn pause(&self) -> Result<()> {
        self.process.pause()
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.process.resume()
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub async fn kill(&self) -> Result<()> {
        self.process.kill()?;
        self.process.wait(PATIENCE).await.map(drop)
    }

    /// Asks it to end (SIGTERM), as a cluster does, and answers how it ended.
    pub async fn terminate(&self) -> Result<ExitStatus> {
        self.process.terminate()?;
        self.process.wait(PATIENCE).await.with_context(|| self.last_words())
    }

    /// Starts it again after its end, with the same flags and on the same address. Does not wait until it is ready.
    pub fn restart(&mut self) -> Result<()> {
        ensure!(self.process.exit_status().is_some(), "the operator still runs");
        self.process = Process::spawn(&self.command)?;
        Ok(())
    }

    /// The end of the log, for the text of an error.
    pub fn last_words(&self) -> String {
        let lines = self.log().unwrap_or_default();
        let tail = &lines[lines.len().saturating_sub(15)..];
        format!("the operator logged last:\n{}", tail.join("\n"))
    }
}
