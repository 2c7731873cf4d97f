//! Log lines. They name objects and reasons, never a value or a word of a provider.

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt as _};

use crate::settings::{LogFormat, Settings};

/// Starts logging: to standard error, or, when that is asked for, to standard output what is neither a warning nor an error.
///
/// # Errors
/// The filter cannot be understood, or logging was started before.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log_level)?;
    let writer = if settings.sealed_secrets.log_info_stdout {
        BoxMakeWriter::new(std::io::stderr.with_max_level(Level::WARN).or_else(std::io::stdout))
    } else {
        BoxMakeWriter::new(std::io::stderr)
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = match settings.log_format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}
