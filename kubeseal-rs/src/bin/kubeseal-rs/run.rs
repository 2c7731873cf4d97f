//! The three things the program does: hand out the certificate, seal one value, seal Secrets.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use kubeseal::{Certificate, Scope};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::args::{Args, Format};
use crate::failure::Failure;
use crate::sealed_secret::{SealedSecret, Sealer};
use crate::{cluster, input, json, output, yaml_output};

/// Does what the arguments ask for. Nothing is written unless all of it succeeded.
pub(crate) fn run(args: &Args, now: Timestamp) -> Result<()> {
    refuse_contradictions(args)?;
    let pem = certificate_pem(args)?;
    let file = args.sealed_secret_file.as_deref().filter(|path| !path.as_os_str().is_empty());
    if args.fetch_cert {
        return output::write(file, &pem);
    }
    let certificate = usable_certificate(&pem, now)?;
    let text = if args.raw { seal_value(args, &certificate)? } else { seal_secrets(args, &certificate)? };
    output::write(file, text.as_bytes())
}

fn refuse_contradictions(args: &Args) -> Result<()> {
    if let Some(flag) = args.later.requested() {
        return Err(Failure::with_hint(format!("{flag} is not supported yet"), "the original kubeseal does it"));
    }
    if !args.from_file.is_empty() && !args.raw {
        return Err(Failure::with_hint("--from-file requires --raw", "give a whole Secret with --secret-file"));
    }
    if args.from_file.len() > 1 {
        return Err(Failure::with_hint("--raw seals one --from-file, not several", "call it once for each file"));
    }
    if args.raw && args.secret_file.is_some() {
        return Err(Failure::with_hint("--raw does not read --secret-file", "name the file with --from-file"));
    }
    Ok(())
}

/// The text, unless it is empty: an empty flag or variable is one that was not given.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// The original also takes the forms that kubectl takes for a resource.
fn namespace(args: &Args) -> Option<&str> {
    let namespace = given(args.namespace.as_ref())?;
    let prefixes = ["namespaces/", "namespace/", "ns/"];
    Some(prefixes.iter().find_map(|prefix| namespace.strip_prefix(prefix)).unwrap_or(namespace))
}

fn certificate_pem(args: &Args) -> Result<Vec<u8>> {
    let Some(path) = given(args.cert.as_ref()) else {
        return cluster::fetch_certificate(args);
    };
    if path.contains("://") {
        return Err(Failure::with_hint("--cert takes a file, not an address", "download the certificate first"));
    }
    fs::read(path).map_err(|error| {
        let hint = "fetch it once with `kubeseal-rs --fetch-cert > cert.pem`";
        Failure::with_hint(format!("cannot read the certificate {path}: {}", reason(&error)), hint)
    })
}

fn usable_certificate(pem: &[u8], now: Timestamp) -> Result<Certificate> {
    let certificate = Certificate::from_pem(pem).map_err(|error| {
        Failure::over(error, "the certificate cannot be used", "--fetch-cert fetches the controller's")
    })?;
    if certificate.is_expired(now) {
        let day = certificate.not_after().strftime("%B %-d, %Y");
        return Err(Failure::with_hint(
            format!("the certificate expired on {day}"),
            "--fetch-cert fetches the newest; the controller may have to renew its key first",
        ));
    }
    Ok(certificate)
}

fn seal_value(args: &Args, certificate: &Certificate) -> Result<String> {
    let name = given(args.name.as_ref());
    let needed = |flag: &str| {
        let message = format!("--raw with scope {} needs {flag}", args.scope);
        Failure::with_hint(message, "a wider --scope needs less, and protects less")
    };
    let namespace = match args.scope {
        Scope::ClusterWide => String::new(),
        Scope::Strict | Scope::NamespaceWide => {
            let namespace = namespace(args).map(str::to_owned).or_else(|| cluster::default_namespace(args));
            namespace.ok_or_else(|| needed("--namespace"))?
        }
    };
    if args.scope == Scope::Strict && name.is_none() {
        return Err(needed("--name"));
    }
    let value = match args.from_file.first() {
        None => read_standard_input("the value to seal")?,
        Some(file) => {
            let path = file.split_once('=').map_or(file.as_str(), |(_, path)| path);
            read_file(Path::new(path))?
        }
    };
    let label = args.scope.label(&namespace, name.unwrap_or_default());
    Ok(kubeseal::encode_base64(&kubeseal::seal(certificate, &label, &value)?))
}

fn seal_secrets(args: &Args, certificate: &Certificate) -> Result<String> {
    let bytes = match args.secret_file.as_deref().filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => read_file(path)?,
        None => read_standard_input("Secrets as JSON or YAML")?,
    };
    let sealer = Sealer {
        certificate,
        scope: args.scope,
        name: given(args.name.as_ref()),
        namespace: namespace(args),
        default_namespace: || cluster::default_namespace(args),
        allow_empty_data: args.allow_empty_data,
    };
    let format = format(args);
    let mut text = String::new();
    for (document, secret) in input::secrets(&bytes)? {
        let object = sealer.seal(secret).with_context(|| format!("document {document}"))?;
        text.push_str(&written(&object, format)?);
    }
    Ok(text)
}

fn written(sealed: &SealedSecret, format: Format) -> Result<String> {
    match format {
        Format::Json => Ok(json::document(sealed)?),
        Format::Yaml => match serde_json::to_value(sealed)? {
            Value::Object(mapping) => Ok(yaml_output::document(&mapping)),
            _ => anyhow::bail!("a SealedSecret was not written as a mapping"),
        },
    }
}

fn format(args: &Args) -> Format {
    let extension = args.sealed_secret_file.as_deref().and_then(Path::extension).and_then(OsStr::to_str);
    if matches!(extension, Some("yaml" | "yml")) { Format::Yaml } else { args.format }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let read = fs::read(path).map_err(|error| {
        let message = format!("cannot read {}: {}", path.display(), reason(&error));
        Failure::with_hint(message, "check the path and its permissions")
    })?;
    Ok(Zeroizing::new(read))
}

/// The reason in the words of other command lines, without the number that Rust adds.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string(),
    }
}

fn read_standard_input(expected: &str) -> Result<Zeroizing<Vec<u8>>> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        let _ = writeln!(io::stderr(), "(reading {expected} from the terminal; end with Ctrl-D)");
    }
    let mut bytes = Zeroizing::new(Vec::new());
    stdin.read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes)
}
