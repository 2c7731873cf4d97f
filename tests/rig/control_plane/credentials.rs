//! The keys, certificates and tokens of one control plane, made anew for each. None of them is worth anything outside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::User;
use crate::access::Authority;

/// Files that the API server reads, and what clients need to trust it.
pub(crate) struct Credentials {
    pub(super) authority: Authority,
    pub(super) authority_file: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    /// Signs the tokens of ServiceAccounts.
    pub(super) service_account_key: PathBuf,
    /// Checks them: the API server reads no public key out of a PKCS #8 file of an elliptic curve.
    pub(super) service_account_public_key: PathBuf,
    /// Lines of `token,user,uid,"group,group"`.
    pub(super) tokens: PathBuf,
    pub(super) admin_token: String,
}

impl Credentials {
    pub(super) fn write(directory: &Path, users: &[User]) -> Result<Credentials> {
        let file = |name: &str| directory.join(name);
        let authority = serving_certificate(&file("serving.pem"), &file("serving.key"))?;
        fs::write(file("authority.pem"), &authority.pem)?;
        let service_accounts = KeyPair::generate()?;
        fs::write(file("service-accounts.key"), service_accounts.serialize_pem())?;
        fs::write(file("service-accounts.pem"), service_accounts.public_key_pem())?;
        let admin =
            User { name: "rig-admin".into(), groups: vec!["system:masters".into()], token: "rig-admin-token".into() };
        let lines: Vec<String> = std::iter::once(&admin).chain(users).map(line).collect();
        fs::write(file("tokens.csv"), lines.concat())?;
        Ok(Credentials {
            authority,
            authority_file: file("authority.pem"),
            certificate: file("serving.pem"),
            key: file("serving.key"),
            service_account_key: file("service-accounts.key"),
            service_account_public_key: file("service-accounts.pem"),
            tokens: file("tokens.csv"),
            admin_token: admin.token,
        })
    }
}

fn line(user: &User) -> String {
    format!("{},{},{},\"{}\"\n", user.token, user.name, user.name, user.groups.join(","))
}

fn serving_certificate(certificate: &Path, key: &Path) -> Result<Authority> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "strongroom rig authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::from_params(&params, authority_key);
    let serving_key = KeyPair::generate()?;
    let mut serving = CertificateParams::new(vec!["127.0.0.1".into(), "localhost".into()])?;
    serving.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    fs::write(certificate, serving.signed_by(&serving_key, &issuer)?.pem())?;
    fs::write(key, serving_key.serialize_pem())?;
    Ok(Authority { pem: authority.pem(), der: authority.der().to_vec() })
}
