//! Certificates, made as Go's `crypto/x509` makes them for Sprig.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use super::Type::{Certificate as Cert, Int, List as Anys, Text};
use super::{Arguments, Function, List, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::value::{Certificate, Text as Bytes};

mod key;
mod pem;

use key::Key;

/// Beyond this the original's arithmetic overflows.
const LONGEST_DAYS: i64 = 106_751;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("genPrivateKey", &[Text], |host, mut arguments| {
        let kind = arguments.text();
        match kind.bytes() {
            b"" | b"rsa" => Ok(Value::Text(Key::rsa(host, rcgen::RsaKeySize::_4096)?.pem()?)),
            b"ecdsa" => Ok(Value::Text(Key::ecdsa(host)?.pem()?)),
            b"ed25519" => Ok(Value::Text(Key::ed25519(host)?.pem()?)),
            b"dsa" => Err(Fault::new("DSA keys are not supported")),
            other => Ok(Value::text([b"Unknown type ", other].concat())),
        }
    }),
    fixed("genCA", &[Text, Int], |host, mut arguments| {
        let asked = Asked::of_authority(&mut arguments);
        let key = Key::rsa(host, rcgen::RsaKeySize::_2048)?;
        self_signed(host, asked, &key)
    }),
    fixed("genCAWithKey", &[Text, Int, Text], |host, mut arguments| {
        let asked = Asked::of_authority(&mut arguments);
        let key = Key::read(arguments.text().bytes())?;
        self_signed(host, asked, &key)
    }),
    fixed("genSelfSignedCert", &[Text, Anys, Anys, Int], |host, mut arguments| {
        let asked = Asked::of_leaf(&mut arguments)?;
        let key = Key::rsa(host, rcgen::RsaKeySize::_2048)?;
        self_signed(host, asked, &key)
    }),
    fixed("genSelfSignedCertWithKey", &[Text, Anys, Anys, Int, Text], |host, mut arguments| {
        let asked = Asked::of_leaf(&mut arguments)?;
        let key = Key::read(arguments.text().bytes())?;
        self_signed(host, asked, &key)
    }),
    fixed("genSignedCert", &[Text, Anys, Anys, Int, Cert], |host, mut arguments| {
        let asked = Asked::of_leaf(&mut arguments)?;
        let key = Key::rsa(host, rcgen::RsaKeySize::_2048)?;
        signed(host, asked, &key, arguments)
    }),
    fixed("genSignedCertWithKey", &[Text, Anys, Anys, Int, Cert, Text], |host, mut arguments| {
        let asked = Asked::of_leaf(&mut arguments)?;
        let authority = arguments.value();
        let key = Key::read(arguments.text().bytes())?;
        signed(host, asked, &key, Arguments::new(vec![authority]))
    }),
    fixed("buildCustomCert", &[Text, Text], build_custom),
];

/// What a certificate is to say.
struct Asked {
    common_name: Bytes,
    names: Vec<SanType>,
    days: i64,
    is_authority: bool,
}

impl Asked {
    fn of_authority(arguments: &mut Arguments) -> Asked {
        let (common_name, days) = (arguments.text(), arguments.int());
        Asked { common_name, names: Vec::new(), days, is_authority: true }
    }

    fn of_leaf(arguments: &mut Arguments) -> Result<Asked, Fault> {
        let common_name = arguments.text();
        let (addresses, hosts) = (arguments.list(), arguments.list());
        let mut names = Vec::new();
        for host in strings(&hosts)? {
            let name = host.as_str().try_into().map_err(|_| Fault::new("a DNS name is malformed"))?;
            names.push(SanType::DnsName(name));
        }
        for address in strings(&addresses)? {
            let address: IpAddr = address.parse().map_err(|_| Fault::new("an IP address is malformed"))?;
            names.push(SanType::IpAddress(address));
        }
        Ok(Asked { common_name, names, days: arguments.int(), is_authority: false })
    }

    fn parameters(self, host: &Host<'_>) -> Result<CertificateParams, Fault> {
        let out_of_range = || Fault::new("the validity is out of range");
        if self.days.abs() > LONGEST_DAYS {
            return Err(out_of_range());
        }
        let instant = |seconds: i64| {
            let seconds = u64::try_from(seconds).map_err(|_| out_of_range())?;
            Ok(date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds))
        };
        let mut serial = vec![0; 16];
        host.random(&mut serial);
        let mut parameters = CertificateParams::default();
        parameters.not_before = instant(host.now.as_second())?;
        parameters.not_after = instant(host.now.as_second() + self.days * 86_400)?;
        parameters.serial_number = Some(SerialNumber::from(serial));
        parameters.distinguished_name = DistinguishedName::new();
        if !self.common_name.bytes().is_empty() {
            parameters.distinguished_name.push(DnType::CommonName, self.common_name.lossy().as_str());
        }
        parameters.subject_alt_names = self.names;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        parameters.is_ca = IsCa::ExplicitNoCa;
        if self.is_authority {
            parameters.key_usages.push(KeyUsagePurpose::KeyCertSign);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        Ok(parameters)
    }
}

/// The items of a list, all of which must be strings.
fn strings(list: &List) -> Result<Vec<String>, Fault> {
    let string = |item: &Value| match item {
        Value::Text(text) => Ok(text.lossy().to_string()),
        _ => Err(Fault::new("a name is not a string")),
    };
    list.items().iter().map(string).collect()
}

fn unsigned() -> Fault {
    Fault::new("the certificate cannot be made")
}

fn self_signed(host: &mut Host<'_>, asked: Asked, key: &Key) -> Result<Value, Fault> {
    let certificate = asked.parameters(host)?.self_signed(key.pair()).map_err(|_| unsigned())?;
    Ok(made(certificate.der(), key.pem()?))
}

fn signed(host: &mut Host<'_>, asked: Asked, key: &Key, mut arguments: Arguments) -> Result<Value, Fault> {
    let authority = arguments.certificate().ok_or_else(unsigned)?;
    let block = pem::first(authority.cert.bytes()).ok_or_else(|| Fault::new("the authority has no certificate"))?;
    let authority_key = Key::read(authority.key.bytes())?;
    let der = CertificateDer::from(block.der.to_vec());
    let issuer = Issuer::from_ca_cert_der(&der, authority_key.pair());
    let issuer = issuer.map_err(|_| Fault::new("the certificate of the authority is malformed"))?;
    let mut parameters = asked.parameters(host)?;
    parameters.use_authority_key_identifier_extension = true;
    let certificate = parameters.signed_by(key.pair(), &issuer).map_err(|_| unsigned())?;
    Ok(made(certificate.der(), key.pem()?))
}

fn made(der: &[u8], key: Bytes) -> Value {
    let cert = Bytes::new(pem::written("CERTIFICATE", der));
    Value::Certificate(Rc::new(Certificate { cert, key }))
}

/// A certificate and a key that exist already, both in base64 over PEM.
fn build_custom(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let decoded = |text: Bytes| super::encoding::base64(text.bytes()).map(Bytes::new);
    let cert = decoded(arguments.text()).map_err(|_| Fault::new("the certificate is not base64"))?;
    let key = decoded(arguments.text()).map_err(|_| Fault::new("the private key is not base64"))?;
    let block = pem::first(cert.bytes()).ok_or_else(|| Fault::new("the certificate is not PEM"))?;
    x509_parser::parse_x509_certificate(&block.der).map_err(|_| Fault::new("the certificate is malformed"))?;
    Key::read(key.bytes())?;
    Ok(Value::Certificate(Rc::new(Certificate { cert, key })))
}
