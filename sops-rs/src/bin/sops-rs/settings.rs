//! What `.sops.yaml` says about a file: found from the current folder upward, or where `--config` points.

use std::path::{Path, PathBuf};
use std::{env, fs, path};

use sops::Format;
use sops::config::{Config, ConfigError, CreationRule};

use crate::args::Flags;
use crate::failure::{Failure, code, warn};

const NAME: &str = ".sops.yaml";
/// Folders looked into.
const LEVELS: usize = 100;

/// The configuration in force, if there is one.
pub(crate) struct Settings {
    found: Option<(PathBuf, Config)>,
    indent: Option<i32>,
}

impl Settings {
    /// Finds and reads the configuration.
    pub(crate) fn load(flags: &Flags) -> Result<Settings, Failure> {
        if flags.indent.is_some_and(|indent| indent < -1) {
            return Err(Failure::new(code::NOT_EMITTED, "--indent is negative"));
        }
        let path = match &flags.config {
            Some(path) => Some(path.clone()),
            None => find(),
        };
        let found = match path {
            Some(path) => Some(read(path)?),
            None => None,
        };
        Ok(Settings { found, indent: flags.indent })
    }

    /// The creation rule for a file. `None` if there is no configuration, or one without rules.
    pub(crate) fn creation_rule(&self, file: &Path) -> Result<Option<CreationRule>, Failure> {
        let Some((path, config)) = &self.found else { return Ok(None) };
        let file = path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let folder = path.parent().unwrap_or(Path::new("/"));
        let relative = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().into_owned();
        config.creation_rule(&relative).map_err(|error| {
            let hint = match &error {
                ConfigError::NoMatch => Some(format!("`{relative}` needs a rule in {}", path.display())),
                ConfigError::Unsupported { .. } => Some("use sops for this file: a recipient would be lost".to_owned()),
                _ => None,
            };
            Failure { hint, ..wrong(path, &error) }
        })
    }

    /// Spaces a level in a format; `None` for its default.
    pub(crate) fn indent(&self, format: Format) -> Option<usize> {
        if let Some(indent) = self.indent {
            return usize::try_from(indent).ok();
        }
        let config = &self.found.as_ref()?.1;
        match format {
            Format::Yaml => config.yaml_indent(),
            Format::Json => config.json_indent(),
        }
    }
}

fn find() -> Option<PathBuf> {
    let start = env::current_dir().ok()?;
    for folder in start.ancestors().take(LEVELS) {
        let path = folder.join(NAME);
        if path.is_file() {
            return Some(path);
        }
        let other = folder.join(".sops.yml");
        if other.is_file() {
            warn(&format!("{} is not read: the name is {NAME}", other.display()));
        }
    }
    None
}

fn read(path: PathBuf) -> Result<(PathBuf, Config), Failure> {
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(code::GENERIC, format!("{} could not be read: {error}", path.display())))?;
    let config = Config::parse(&text).map_err(|error| wrong(&path, &error))?;
    let path = path::absolute(&path).unwrap_or(path);
    Ok((path, config))
}

fn wrong(path: &Path, error: &ConfigError) -> Failure {
    Failure::new(code::GENERIC, error.to_string()).about(&path.display().to_string())
}
