//! What `.sops.yaml` says about a file: found from the current folder upward, or where `--config` points.

use std::path::{Path, PathBuf};
use std::{env, fs, path};

use sops::Format;
#[cfg(feature = "remote")]
use sops::config::DestinationRule;
use sops::config::{Config, ConfigError, CreationRule, Store};
use sops::rules::SelectorError;

use crate::args::Global;
use crate::failure::{ABOUT_EXPRESSIONS, Failure, code, tell, warn};

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
    pub(crate) fn load(global: &Global) -> Result<Settings, Failure> {
        if global.indent.is_some_and(|indent| indent < -1) {
            return Err(Failure::new(code::NOT_EMITTED, "--indent is negative"));
        }
        let path = match global.config() {
            Some(path) => Some(path.clone()),
            None => find(),
        };
        let found = match path {
            Some(path) => {
                tell(|| format!("the configuration is {}", path.display()));
                Some(read(path)?)
            }
            None => None,
        };
        Ok(Settings { found, indent: global.indent })
    }

    /// Whether there is a configuration.
    pub(crate) fn has_configuration(&self) -> bool {
        self.found.is_some()
    }

    /// The creation rule for a file, or what applies without one.
    pub(crate) fn rule(&self, file: &Path) -> Result<CreationRule, Failure> {
        Ok(self.creation_rule(file)?.unwrap_or_default())
    }

    /// The creation rule for a file. `None` if there is no configuration, or one without rules.
    pub(crate) fn creation_rule(&self, file: &Path) -> Result<Option<CreationRule>, Failure> {
        let Some((path, config)) = &self.found else { return Ok(None) };
        let relative = relative(path, file);
        let rule = config.creation_rule(&relative);
        if let Ok(Some(rule)) = &rule {
            tell(|| format!("creation rule {} matches `{relative}`", rule.number));
        }
        rule.map_err(|error| {
            let failure = wrong(path, &error);
            match error {
                ConfigError::NoMatch => failure.hint(format!("`{relative}` needs a rule in {}", path.display())),
                _ => failure,
            }
        })
    }

    /// The rule for a file that exists already; `None` also if there are rules, but none for it.
    pub(crate) fn matching_rule(&self, file: &Path) -> Result<Option<CreationRule>, Failure> {
        let Some((path, config)) = &self.found else { return Ok(None) };
        match config.creation_rule(&relative(path, file)) {
            Err(ConfigError::NoMatch) => Ok(None),
            rule => rule.map_err(|error| wrong(path, &error)),
        }
    }

    /// The rule for a file, if it is for some files only: one for all files does not say which are secret.
    pub(crate) fn specific_rule(&self, file: &Path) -> Result<Option<CreationRule>, Failure> {
        Ok(self.matching_rule(file)?.filter(|rule| rule.is_by_path))
    }

    /// Where a file is published to.
    #[cfg(feature = "remote")]
    pub(crate) fn destination_rule(&self, file: &Path) -> Result<DestinationRule, Failure> {
        let Some((path, config)) = &self.found else {
            return Err(Failure::new(code::GENERIC, "there is no .sops.yaml"));
        };
        config.destination_rule(&relative(path, file)).map_err(|error| wrong(path, &error))
    }

    /// Where the configuration is.
    pub(crate) fn path(&self) -> Option<&Path> {
        Some(&self.found.as_ref()?.0)
    }

    /// Spaces a level in a format; `None` for its default.
    pub(crate) fn indent(&self, format: Format) -> Option<usize> {
        match self.indent {
            Some(indent) => usize::try_from(indent).ok(),
            None => self.indent_of_configuration(format),
        }
    }

    /// The same without `--indent`.
    pub(crate) fn indent_of_configuration(&self, format: Format) -> Option<usize> {
        let config = &self.found.as_ref()?.1;
        match format {
            Format::Yaml => config.indent(Store::Yaml),
            Format::Json => config.indent(Store::Json),
            Format::Binary => config.indent(Store::JsonBinary),
            Format::Dotenv | Format::Ini => None,
        }
    }
}

/// A file as rules see it: without the folder of the configuration.
fn relative(config: &Path, file: &Path) -> String {
    let file = path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folder = config.parent().unwrap_or(Path::new("/"));
    file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().into_owned()
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
    let failure = Failure::new(code::GENERIC, error.to_string()).about(&path.display().to_string());
    match error {
        ConfigError::PathRegex(_) | ConfigError::Selector { cause: SelectorError::Invalid { .. }, .. } => {
            failure.hint(ABOUT_EXPRESSIONS)
        }
        ConfigError::Selector { cause: SelectorError::Conflict { .. }, .. } => failure.hint("a file has one selector"),
        ConfigError::NoDestination => failure
            .hint("a rule is for the path below the folder of .sops.yaml; one without path_regex is for all files"),
        _ => failure,
    }
}
