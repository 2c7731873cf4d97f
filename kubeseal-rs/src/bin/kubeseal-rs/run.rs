//! What the program does: one mode of several, with what it reads and where it writes.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use kubeseal::{Certificate, Scope};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::args::{Args, Format};
use crate::connection::given;
use crate::failure::Failure;
use crate::go_flag::Words;
use crate::sealed_secret::{SealedSecret, Sealer};
use crate::secret::Secret;
use crate::{
    certificate, controller_modes, files, in_order, input, json, kubeconfig, merge, output, program, recovery,
    recovery_keys, yaml_output,
};

/// Does what the arguments ask for. Nothing is written unless all of it succeeded.
pub(crate) fn run(args: &Args, now: Timestamp) -> Result<()> {
    if args.version {
        let name = if program::is_original() { "kubeseal version:" } else { program::name() };
        return output::write(None, format!("{name} {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
    }
    refuse_contradictions(args)?;
    let modes = &args.modes;
    if modes.recovery_unseal {
        return output::write(output_file(args), unseal(args)?.as_bytes());
    }
    if !args.recovery_private_key.is_empty() && io::stderr().is_terminal() {
        let _ = writeln!(io::stderr(), "warning: --recovery-private-key has no effect without --recovery-unseal");
    }
    if modes.validate {
        return controller_modes::validate(&read_input(args, "SealedSecrets as JSON or YAML")?, &args.connection);
    }
    if modes.re_encrypt() {
        return re_encrypt(args);
    }
    let pem = certificate::pem(given(args.cert.as_ref()), &args.connection)?;
    if modes.fetch_cert {
        return output::write(output_file(args), &pem);
    }
    let certificate = certificate::usable(&pem, given(args.cert_fingerprint.as_ref()), now)?;
    if let Some(file) = merged_file(args) {
        return merge::merge_into(file, &read_input(args, "a Secret as JSON or YAML")?, args, &certificate);
    }
    let text = if modes.raw { seal_value(args, &certificate)? } else { seal_secrets(args, &certificate)? };
    output::write(output_file(args), text.as_bytes())
}

fn refuse_contradictions(args: &Args) -> Result<()> {
    let files = Words::of(&args.from_file);
    let modes = &args.modes;
    if !files.is_empty() && !modes.raw {
        return Err(Failure::with_hint("--from-file requires --raw", "give a whole Secret with --secret-file"));
    }
    if files.len() > 1 {
        return Err(Failure::with_hint("--raw seals one --from-file, not several", "call it once for each file"));
    }
    let is_overruled = modes.recovery_unseal || modes.validate || modes.re_encrypt();
    if is_overruled || modes.fetch_cert {
        return Ok(());
    }
    if merged_file(args).is_some() && output_file(args).is_some() {
        let hint = "leave --sealed-secret-file out, or copy the file first";
        return Err(Failure::with_hint("--merge-into changes its own file and writes no other", hint));
    }
    if modes.raw && merged_file(args).is_none() && input_file(args).is_some() {
        return Err(Failure::with_hint("--raw does not read --secret-file", "name the file with --from-file"));
    }
    Ok(())
}

/// An empty path is one that was not given.
fn named(path: Option<&PathBuf>) -> Option<&Path> {
    path.map(PathBuf::as_path).filter(|path| !path.as_os_str().is_empty())
}

fn input_file(args: &Args) -> Option<&Path> {
    named(args.secret_file.as_ref())
}

fn output_file(args: &Args) -> Option<&Path> {
    named(args.sealed_secret_file.as_ref())
}

fn merged_file(args: &Args) -> Option<&Path> {
    named(args.modes.merge_into.as_ref())
}

fn read_input(args: &Args, expected: &str) -> Result<Zeroizing<Vec<u8>>> {
    match input_file(args) {
        Some(path) => files::read(path),
        None => files::standard_input(expected),
    }
}

/// The format of what is written to `file`, whose name may say.
fn format(args: &Args, file: Option<&Path>) -> Format {
    let extension = file.and_then(Path::extension).and_then(OsStr::to_str);
    if matches!(extension, Some("yaml" | "yml")) { Format::Yaml } else { args.format.unwrap_or(Format::Json) }
}

fn unseal(args: &Args) -> Result<Zeroizing<String>> {
    let keys: Vec<&Path> = Words::of(&args.recovery_private_key).into_iter().map(Path::new).collect();
    if keys.is_empty() {
        let hint = "it names a private key in PEM, or a backup of the key Secrets";
        return Err(Failure::with_hint("--recovery-unseal needs --recovery-private-key", hint));
    }
    let keyring = recovery_keys::read(&keys)?;
    let input = read_input(args, "SealedSecrets as JSON or YAML")?;
    let namespace = given(args.connection.namespace.as_ref()).unwrap_or_default();
    recovery::unseal(&input, &keyring, namespace, format(args, output_file(args)))
}

/// A file that is read changes in place, unless another is to be written.
fn re_encrypt(args: &Args) -> Result<()> {
    let file = output_file(args).or(input_file(args));
    let input = read_input(args, "SealedSecrets as JSON or YAML")?;
    let text = controller_modes::re_encrypt(&input, &args.connection, format(args, file))?;
    output::write(file, text.as_bytes())
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
            let namespace = given(args.connection.namespace.as_ref()).map(str::to_owned);
            let namespace = namespace.or_else(|| kubeconfig::default_namespace(&args.connection));
            namespace.ok_or_else(|| needed("--namespace"))?
        }
    };
    if args.scope == Scope::Strict && name.is_none() {
        return Err(needed("--name"));
    }
    let value = match Words::of(&args.from_file).first() {
        None => files::standard_input("the value to seal")?,
        Some(file) => files::read(Path::new(file.split_once('=').map_or(*file, |(_, path)| path)))?,
    };
    let label = args.scope.label(&namespace, name.unwrap_or_default());
    Ok(kubeseal::encode_base64(&kubeseal::seal(certificate, &label, &value)?))
}

fn seal_secrets(args: &Args, certificate: &Certificate) -> Result<String> {
    let bytes = read_input(args, "Secrets as JSON or YAML")?;
    let secrets = input::secrets(&bytes)?;
    let default_namespace = OnceLock::new();
    let sealer = Sealer {
        certificate,
        scope: args.scope,
        name: given(args.name.as_ref()),
        namespace: given(args.connection.namespace.as_ref()),
        default_namespace: || default_namespace.get_or_init(|| kubeconfig::default_namespace(&args.connection)).clone(),
        allow_empty_data: args.allow_empty_data,
    };
    let format = format(args, output_file(args));
    let seal = |(document, secret): &(usize, Secret)| {
        let object = sealer.seal(secret).with_context(|| format!("document {document}"))?;
        written(&object, format)
    };
    // The RSA operations are what takes time; for one document threads would only cost some.
    if let [secret] = secrets.as_slice() {
        return seal(secret);
    }
    let (mut text, mut failed) = (String::new(), None);
    in_order::for_each(&secrets, in_order::cores(), seal, |_, sealed| {
        match sealed {
            Ok(document) => text.push_str(&document),
            Err(error) => failed = Some(error),
        }
        failed.is_none()
    });
    failed.map_or(Ok(text), Err)
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
