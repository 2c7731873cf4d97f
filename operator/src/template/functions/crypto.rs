//! Digests, passwords and AES.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use zeroize::Zeroizing;

use super::Type::{Text, Uint32};
use super::{Arguments, Function, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;

mod derive;

/// Steps for a function that computes for a tenth of a second or more.
pub(super) const SLOW: usize = 100_000;

const BLOCK: usize = 16;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("sha1sum", &[Text], |_, arguments| Ok(digest(arguments, &digest::SHA1_FOR_LEGACY_USE_ONLY))),
    fixed("sha256sum", &[Text], |_, arguments| Ok(digest(arguments, &digest::SHA256))),
    fixed("sha512sum", &[Text], |_, arguments| Ok(digest(arguments, &digest::SHA512))),
    fixed("adler32sum", &[Text], |_, mut arguments| {
        let (mut one, mut two) = (1u32, 0u32);
        for byte in arguments.text().bytes() {
            one = (one + u32::from(*byte)) % 65_521;
            two = (two + one) % 65_521;
        }
        Ok(Value::text((two << 16 | one).to_string()))
    }),
    fixed("bcrypt", &[Text], |host, mut arguments| Ok(Value::text(bcrypt(host, arguments.text().bytes())?))),
    fixed("htpasswd", &[Text, Text], |host, mut arguments| {
        let (user, password) = (arguments.text(), arguments.text());
        if user.bytes().contains(&b':') {
            return Ok(Value::text([b"invalid username: ", user.bytes()].concat()));
        }
        let hash = bcrypt(host, password.bytes())?;
        Ok(Value::text([user.bytes(), b":", hash.as_slice()].concat()))
    }),
    fixed("derivePassword", &[Uint32, Text, Text, Text, Text], |host, arguments| {
        host.spend(SLOW)?;
        derive::password(arguments)
    }),
    fixed("encryptAES", &[Text, Text], encrypt),
    fixed("decryptAES", &[Text, Text], decrypt),
];

fn digest(mut arguments: Arguments, algorithm: &'static digest::Algorithm) -> Value {
    let sum = digest::digest(algorithm, arguments.text().bytes());
    let digits = sum.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Value::text(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect::<String>())
}

/// A hash at the cost of 10. As in the original, a password that is too long gives the words of the error.
fn bcrypt(host: &mut Host<'_>, password: &[u8]) -> Result<Vec<u8>, Fault> {
    host.spend(SLOW)?;
    if password.len() > 72 {
        let complaint = "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
        return Ok(complaint.into());
    }
    let mut salt = [0; 16];
    host.random(&mut salt);
    let hash = bcrypt::hash_with_salt(password, 10, salt).map_err(|_| Fault::new("the password cannot be hashed"))?;
    Ok(hash.format_for_version(bcrypt::Version::TwoA).into_bytes())
}

/// The password, cut or filled to the length of a key as in the original.
fn key(password: &[u8]) -> Result<UnboundCipherKey, Fault> {
    let mut key = Zeroizing::new([0; 32]);
    for (place, byte) in key.iter_mut().zip(password) {
        *place = *byte;
    }
    UnboundCipherKey::new(&AES_256, key.as_slice()).map_err(|_| failed())
}

fn failed() -> Fault {
    Fault::new("the cipher failed")
}

/// AES-256 in CBC mode; the initialization vector comes first.
fn encrypt(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (password, text) = (arguments.text(), arguments.text());
    if text.bytes().is_empty() {
        return Ok(Value::text(""));
    }
    let cipher = EncryptingKey::ecb(key(password.bytes())?).map_err(|_| failed())?;
    let mut plain = Zeroizing::new(text.bytes().to_vec());
    let padding = BLOCK - plain.len() % BLOCK;
    plain.extend(std::iter::repeat_n(u8::try_from(padding).unwrap_or(0), padding));
    let mut before = [0; BLOCK];
    host.random(&mut before);
    let mut out = before.to_vec();
    for block in plain.chunks(BLOCK) {
        let mut mixed: Vec<u8> = block.iter().zip(before).map(|(byte, mask)| byte ^ mask).collect();
        cipher.encrypt(&mut mixed).map_err(|_| failed())?;
        before.copy_from_slice(mixed.get(..BLOCK).ok_or_else(failed)?);
        out.extend(before);
    }
    Ok(Value::text(base64::engine::general_purpose::STANDARD.encode(out)))
}

fn decrypt(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (password, text) = (arguments.text(), arguments.text());
    if text.bytes().is_empty() {
        return Ok(Value::text(""));
    }
    let sealed = super::encoding::base64(text.bytes()).map_err(|_| Fault::new("not base64"))?;
    let malformed = || Fault::new("not what encryptAES gives");
    if sealed.len() < 2 * BLOCK || sealed.len() % BLOCK != 0 {
        return Err(malformed());
    }
    let cipher = DecryptingKey::ecb(key(password.bytes())?).map_err(|_| failed())?;
    let mut plain = Zeroizing::new(sealed.get(BLOCK..).unwrap_or_default().to_vec());
    cipher.decrypt(&mut plain, DecryptionContext::None).map_err(|_| failed())?;
    for (byte, mask) in plain.iter_mut().zip(&sealed) {
        *byte ^= mask;
    }
    let padding = usize::from(plain.last().copied().unwrap_or_default());
    let kept = plain.len().checked_sub(padding).and_then(|end| plain.get(..end));
    kept.map(Value::text).ok_or_else(malformed)
}

/// HMAC-SHA256.
fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}
