//! Passwords derived from a master password: the algorithm of <https://masterpassword.app>, version 3.

use zeroize::Zeroizing;

use super::super::{Arguments, Value};
use crate::template::fault::Fault;

const SEED: &[u8] = b"com.lyndir.masterpassword";

/// The shapes of a type of password: each letter names a class of characters.
fn shapes(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn class(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

pub(super) fn password(mut arguments: Arguments) -> Result<Value, Fault> {
    let counter = u32::try_from(arguments.unsigned()).unwrap_or(0);
    let (kind, master, user, site) = (arguments.text(), arguments.text(), arguments.text(), arguments.text());
    let Some(shapes) = shapes(kind.bytes()) else {
        return Ok(Value::text([b"cannot find password template ", kind.bytes()].concat()));
    };
    let failed = |_| Fault::new("the password cannot be derived");
    let parameters = scrypt::Params::new(15, 8, 2, 64).map_err(failed)?;
    let mut key = Zeroizing::new([0; 64]);
    let salt = [SEED, &counted(user.bytes())].concat();
    scrypt::scrypt(master.bytes(), &salt, &parameters, key.as_mut_slice())
        .map_err(|_| Fault::new("the password cannot be derived"))?;
    let message = [SEED, &counted(site.bytes()), &counter.to_be_bytes()].concat();
    let seed = Zeroizing::new(super::mac(key.as_slice(), &message));
    let mut numbers = seed.iter().map(|byte| usize::from(*byte));
    let shape = shapes.get(numbers.next().unwrap_or(0) % shapes.len()).copied().unwrap_or_default();
    let characters = shape.bytes().zip(numbers).filter_map(|(letter, number)| {
        let class = class(letter);
        class.get(number % class.len()).copied()
    });
    Ok(Value::text(characters.collect::<Vec<u8>>()))
}
