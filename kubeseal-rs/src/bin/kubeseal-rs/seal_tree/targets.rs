//! For whom a tree is sealed: one cluster, or several with a name each.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use kubeseal::Certificate;

use crate::failure::Failure;
use crate::known::Known;
use crate::seal_tree::overlays::{self, Listed};
use crate::seal_tree::update::{Fresh, Updated, update};
use crate::seal_tree::{Job, Options, secrets};
use crate::sealed_secret::Sealer;
use crate::{certificate, files};

const KUSTOMIZATION: &str = "kustomization.yaml";

/// For whom it is sealed.
pub(crate) enum Target {
    One(Box<Certificate>),
    Clusters { output: PathBuf, clusters: Vec<(String, Certificate)> },
}

/// What is needed to make files.
pub(crate) struct Make<'a> {
    pub(crate) options: &'a Options,
    pub(crate) known: &'a Known,
    /// Where Secrets go that name no namespace.
    pub(crate) namespace: &'a (dyn Fn() -> Option<String> + Sync),
}

/// What is made from one file with Secrets.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) files: Vec<(PathBuf, Updated)>,
    /// What the kustomizations are to list.
    pub(crate) lists: Vec<(PathBuf, Listed)>,
}

/// The text that a file has, when there is one.
pub(crate) fn existing(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

impl Target {
    pub(crate) fn new(options: &Options, now: Timestamp) -> Result<Target> {
        let certs: Vec<(Option<&str>, &str)> =
            options.cert.iter().filter(|cert| !cert.is_empty()).map(|cert| named(cert)).collect();
        let pins: Vec<(Option<&str>, &str)> = options.cert_fingerprint.iter().map(|pin| named(pin)).collect();
        let usable = |source: Option<&str>, name: Option<&str>| {
            let pem = certificate::pem(source, &options.connection)?;
            let pin = pins.iter().find(|(of, _)| *of == name).map(|(_, pin)| *pin);
            certificate::usable(&pem, pin, now)
        };
        for (of, _) in &pins {
            let names = certs.iter().filter(|(name, _)| name == of).count();
            if names == 0 && !(of.is_none() && certs.is_empty()) {
                let message = "--cert-fingerprint names a --cert that is not there";
                return Err(Failure::with_hint(message, "write --cert NAME=FILE --cert-fingerprint NAME=SHA256:…"));
            }
        }
        match certs.as_slice() {
            [] => Ok(Target::One(Box::new(usable(None, None)?))),
            [(None, source)] => Ok(Target::One(Box::new(usable(Some(source), None)?))),
            certs => Target::clusters(options, certs, usable),
        }
    }

    fn clusters(
        options: &Options,
        certs: &[(Option<&str>, &str)],
        usable: impl Fn(Option<&str>, Option<&str>) -> Result<Certificate>,
    ) -> Result<Target> {
        let mut clusters: Vec<(String, Certificate)> = Vec::new();
        for (name, source) in certs {
            let Some(name) = name else {
                let hint = "write --cert NAME=FILE for each cluster, or give one certificate";
                return Err(Failure::with_hint("several certificates need a name each", hint));
            };
            if clusters.iter().any(|(other, _)| other == name) {
                return Err(Failure::with_hint(
                    format!("--cert names the cluster {name} twice"),
                    "give each its own name",
                ));
            }
            clusters.push(((*name).to_owned(), usable(Some(source), Some(name))?));
        }
        let output = options.output.clone().ok_or_else(|| {
            Failure::with_hint(
                "sealing for named clusters needs --output",
                "it gets a Kustomize base and an overlay for each",
            )
        })?;
        Ok(Target::Clusters { output, clusters })
    }

    /// The certificate that the values in a file were sealed for.
    pub(crate) fn certificate_of(&self, path: &Path) -> Option<&Certificate> {
        match self {
            Target::One(certificate) => Some(certificate),
            Target::Clusters { output, clusters } => clusters
                .iter()
                .find(|(name, _)| path.starts_with(overlays::overlay(output, name)))
                .map(|(_, certificate)| certificate),
        }
    }

    /// The files that are made from one with Secrets; none when it holds none.
    pub(crate) fn files(&self, job: &Job, make: &Make<'_>) -> Result<Files> {
        let bytes = files::read(&job.input)?;
        if !secrets::may_hold_some(&bytes) {
            return Ok(Files::default());
        }
        match self {
            Target::One(certificate) => {
                let fresh = sealed(&bytes, certificate, make)?;
                if fresh.is_empty() {
                    return Ok(Files::default());
                }
                let path =
                    make.options.output.as_ref().map_or_else(|| beside(&job.input), |output| output.join(&job.name));
                Ok(Files { files: vec![made(path, fresh, Some(certificate), make)?], lists: Vec::new() })
            }
            Target::Clusters { output, clusters } => for_clusters((output, clusters), &job.name, &bytes, make),
        }
    }
}

/// `NAME=REST` when what stands before the sign can be a name; a path with that sign in it is told by its slash.
fn named(text: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_letter)
    };
    match text.split_once('=') {
        Some((name, rest)) if is_name(name) => (Some(name), rest),
        _ => (None, text),
    }
}

/// `db.yaml` is sealed as `db.sealed.yaml`.
fn beside(input: &Path) -> PathBuf {
    let extension = input.extension().unwrap_or_default().to_string_lossy().into_owned();
    input.with_extension(if extension.is_empty() { "sealed.yaml".to_owned() } else { format!("sealed.{extension}") })
}

fn sealed(bytes: &[u8], certificate: &Certificate, make: &Make<'_>) -> Result<Vec<Fresh>> {
    let sealer = Sealer {
        certificate,
        scope: make.options.scope,
        name: None,
        namespace: crate::connection::given(make.options.connection.namespace.as_ref()),
        default_namespace: make.namespace,
        allow_empty_data: make.options.allow_empty_data,
    };
    let mut fresh = Vec::new();
    for secret in secrets::secrets(bytes)? {
        let object = sealer.seal(&secret).with_context(|| format!("Secret `{}`", secret.metadata.name))?;
        fresh.push(Fresh { object: serde_json::to_value(&object)?, values: secret.values });
    }
    Ok(fresh)
}

fn for_clusters(
    (output, clusters): (&Path, &[(String, Certificate)]),
    name: &Path,
    bytes: &[u8],
    make: &Make<'_>,
) -> Result<Files> {
    let name = name.with_extension("yaml");
    let listed = name.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    let mut all = Files::default();
    for (cluster, certificate) in clusters {
        let fresh = sealed(bytes, certificate, make)?;
        if fresh.is_empty() {
            return Ok(Files::default());
        }
        if all.files.is_empty() {
            let shared = fresh.iter().map(|fresh| Fresh::without_values(overlays::shared(&fresh.object))).collect();
            let folder = overlays::base(output);
            all.files.push(made(folder.join(&name), shared, None, make)?);
            all.lists.push((folder.join(KUSTOMIZATION), Listed::Resource(listed.clone())));
        }
        let values =
            fresh.into_iter().map(|fresh| Fresh { object: overlays::values(&fresh.object), ..fresh }).collect();
        let folder = overlays::overlay(output, cluster);
        all.files.push(made(folder.join(&name), values, Some(certificate), make)?);
        all.lists.push((folder.join(KUSTOMIZATION), Listed::Resource("../../base".to_owned())));
        all.lists.push((folder.join(KUSTOMIZATION), Listed::Patch(listed.clone())));
    }
    Ok(all)
}

fn made(
    path: PathBuf,
    fresh: Vec<Fresh>,
    certificate: Option<&Certificate>,
    make: &Make<'_>,
) -> Result<(PathBuf, Updated)> {
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let updated = update(existing(&path)?.as_deref(), fresh, is_json, (certificate, make.known));
    let updated = updated.with_context(|| path.display().to_string())?;
    Ok((path, updated))
}
