//! The certificate to seal with: had from a file, from an address, or from the controller.

use std::path::Path;
use std::time::Duration;
use std::{error, fs};

use anyhow::{Context as _, Result};
use http::Uri;
use jiff::Timestamp;
use kubeseal::Certificate;
use reqwest::{Client, Proxy, Url};

use crate::cluster::{Controller, block_on};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::{files, pin, program, proxy};

/// The longest that an address may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// No certificate is larger.
const MAXIMUM_LENGTH: usize = 1024 * 1024;

/// The bytes of `--cert`, or what the controller hands out when there is none.
pub(crate) fn pem(named: Option<&str>, connection: &Connection) -> Result<Vec<u8>> {
    match named.filter(|named| !named.is_empty()) {
        None => block_on(async { Controller::connect(connection).await?.certificate().await }),
        Some(name) => match name.split_once("://") {
            Some(("file", path)) => of_file(Path::new(path)),
            Some(("http" | "https", _)) => block_on(download(name)),
            Some(_) => {
                Err(Failure::with_hint("--cert takes a file, or an http, https or file address", "check the address"))
            }
            None => of_file(Path::new(name)),
        },
    }
}

fn of_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let hint = format!("fetch it once with `{} --fetch-cert > cert.pem`", program::name());
        let message = format!("cannot read the certificate {}: {}", path.display(), files::reason(&error));
        Failure::with_hint(message, hint)
    })
}

async fn download(address: &str) -> Result<Vec<u8>> {
    let failed = |reason: String| {
        Failure::with_hint(
            format!("cannot fetch the certificate {address}: {reason}"),
            "check the address and the proxy settings",
        )
    };
    let through = Proxy::custom(|url: &Url| {
        let address: Uri = url.as_str().parse().ok()?;
        proxy::of_environment(&address).map(|proxy| proxy.to_string())
    });
    let client = Client::builder().no_proxy().proxy(through).timeout(PATIENCE).build().context("no HTTP client")?;
    let mut response = client.get(address).send().await.map_err(|error| failed(innermost(&error)))?;
    let status = response.status();
    if status != http::StatusCode::OK {
        return Err(failed(status.to_string().to_lowercase()));
    }
    let mut pem = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(innermost(&error)))? {
        pem.extend_from_slice(&chunk);
        if pem.len() > MAXIMUM_LENGTH {
            return Err(failed("it is too long for a certificate".to_owned()));
        }
    }
    Ok(pem)
}

fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The certificate in a PEM text, unless it has expired or is another than the one that was asked for.
pub(crate) fn usable(pem: &[u8], fingerprint: Option<&str>, now: Timestamp) -> Result<Certificate> {
    let certificate = current(pem, now)?;
    pin::check(&certificate, fingerprint, now)?;
    Ok(certificate)
}

/// The certificate in a PEM text, unless it has expired.
pub(crate) fn current(pem: &[u8], now: Timestamp) -> Result<Certificate> {
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
