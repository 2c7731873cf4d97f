//! Shamir's secret sharing over GF(2^8), as SOPS splits a data key over key groups.
//!
//! The field is that of AES (x^8 + x^4 + x^3 + x + 1). All arithmetic takes the same time for every operand: tables would
//! leak shares through the cache (CVE-2023-25000).
//!
//! ```text
//! share = one byte y for each byte of the secret │ one byte x, which is 1, 2, 3 … in the order of the groups
//! ```

use std::io;

use zeroize::Zeroizing;

use crate::document::Random;

/// The most shares of one secret.
pub const MAX_SHARES: usize = 255;

/// A split or a combination that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShamirError {
    /// The threshold is under 2, over the number of shares, or there are more than 255 of those.
    #[error("the threshold has to be between 2 and the number of shares, which is at most 255")]
    Threshold,
    /// The secret, or a share, is empty.
    #[error("a share is too short")]
    Short,
    /// Shares of different secrets.
    #[error("the shares differ in length")]
    Lengths,
    /// Two shares are the same point, or one is the secret itself.
    #[error("two shares are the same")]
    Duplicate,
    /// The random source failed.
    #[error("the random source failed")]
    Random,
}

impl From<io::Error> for ShamirError {
    fn from(_: io::Error) -> ShamirError {
        ShamirError::Random
    }
}

/// One share: the y bytes, then x.
pub type Share = Zeroizing<Vec<u8>>;

/// Splits `secret` into `count` shares of which any `threshold` give it back.
pub fn split(
    secret: &[u8],
    count: usize,
    threshold: usize,
    random: &mut Random<'_>,
) -> Result<Vec<Share>, ShamirError> {
    if threshold < 2 || threshold > count || count > MAX_SHARES {
        return Err(ShamirError::Threshold);
    }
    if secret.is_empty() {
        return Err(ShamirError::Short);
    }
    let mut shares: Vec<Share> = (1..=u8::MAX)
        .take(count)
        .map(|x| {
            let mut share = Zeroizing::new(vec![0; secret.len() + 1]);
            if let Some(last) = share.last_mut() {
                *last = x;
            }
            share
        })
        .collect();
    // The constant term is the byte itself, the others are random.
    let mut polynomial = Zeroizing::new(vec![0; threshold]);
    for (index, byte) in secret.iter().enumerate() {
        random(&mut polynomial)?;
        if let Some(constant) = polynomial.first_mut() {
            *constant = *byte;
        }
        for (x, share) in (1..=u8::MAX).zip(&mut shares) {
            if let Some(y) = share.get_mut(index) {
                *y = polynomial.iter().rev().fold(0, |sum, coefficient| multiply(sum, x) ^ coefficient);
            }
        }
    }
    Ok(shares)
}

/// The secret from its shares. With fewer than the threshold, or with wrong ones, the result is another secret: only
/// using it tells.
pub fn combine(shares: &[Share]) -> Result<Zeroizing<Vec<u8>>, ShamirError> {
    let length = shares.first().map_or(0, |share| share.len());
    if length < 2 || shares.len() < 2 {
        return Err(ShamirError::Short);
    }
    if shares.iter().any(|share| share.len() != length) {
        return Err(ShamirError::Lengths);
    }
    let xs: Vec<u8> = shares.iter().filter_map(|share| share.last().copied()).collect();
    let distinct = xs.iter().enumerate().all(|(index, x)| *x != 0 && !xs.iter().take(index).any(|other| other == x));
    if !distinct {
        return Err(ShamirError::Duplicate);
    }
    let mut secret = Zeroizing::new(vec![0; length - 1]);
    for (share, weight) in shares.iter().zip(weights(&xs)) {
        for (byte, y) in secret.iter_mut().zip(share.iter()) {
            *byte ^= multiply(*y, weight);
        }
    }
    Ok(secret)
}

/// The Lagrange coefficients at zero: for each point the product of `x_other / (x_other - x)`.
fn weights(xs: &[u8]) -> Vec<u8> {
    let weight = |(index, x): (usize, &u8)| {
        let others = xs.iter().enumerate().filter(|(other, _)| *other != index);
        others.fold(1, |product, (_, other)| multiply(product, multiply(*other, inverse(other ^ x))))
    };
    xs.iter().enumerate().map(weight).collect()
}

/// Multiplication in the field, without a branch or a table that depends on an operand.
fn multiply(mut left: u8, mut right: u8) -> u8 {
    let mut product = 0;
    for _ in 0..8 {
        product ^= left & (right & 1).wrapping_neg();
        let carry = (left >> 7).wrapping_neg();
        left = (left << 1) ^ (carry & 0x1b);
        right >>= 1;
    }
    product
}

/// The inverse: x^254. Zero gives zero.
fn inverse(x: u8) -> u8 {
    let mut power = x;
    let mut product = 1;
    for _ in 0..7 {
        power = multiply(power, power);
        product = multiply(product, power);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::{ShamirError, combine, inverse, multiply, split};
    use proptest::prelude::{any, prop, proptest};
    use zeroize::Zeroizing;

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197, section 4.2, and the inverse of every element but zero.
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
        for x in 1..=u8::MAX {
            assert_eq!(multiply(x, inverse(x)), 1, "{x}");
        }
    }

    /// CVE-2023-25000: what is looked up in a table, or branched on, can be seen in the time it takes.
    #[test]
    fn the_field_has_neither_tables_nor_branches() {
        let source = include_str!("shamir.rs");
        let field = &source[source.find("fn multiply(").unwrap()..source.find("#[cfg(test)]").unwrap()];
        assert!(field.contains("fn inverse("));
        for word in ["if ", "match ", "while ", "const ", "static ", "[", "get("] {
            assert!(!field.contains(word), "{word}");
        }
    }

    fn counting() -> impl FnMut(&mut [u8]) -> std::io::Result<()> {
        let mut next = 0_u8;
        move |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_mul(167).wrapping_add(13);
                *byte = next;
            }
            Ok(())
        }
    }

    #[test]
    fn limits_are_those_of_the_original() {
        let mut random = counting();
        for (count, threshold) in [(1, 1), (2, 1), (2, 3), (256, 2)] {
            assert_eq!(split(b"secret", count, threshold, &mut random).err(), Some(ShamirError::Threshold));
        }
        assert_eq!(split(b"", 2, 2, &mut random).err(), Some(ShamirError::Short));
        let shares = split(b"secret", 255, 2, &mut random).unwrap();
        assert_eq!((shares[0].len(), shares[0][6], shares[254][6]), (7, 1, 255));
        let share = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        assert_eq!(combine(&[share(&[1, 2])]).err(), Some(ShamirError::Short));
        assert_eq!(combine(&[share(&[1, 2]), share(&[1, 2, 3])]).err(), Some(ShamirError::Lengths));
        assert_eq!(combine(&[share(&[1, 2]), share(&[3, 2])]).err(), Some(ShamirError::Duplicate));
        assert_eq!(combine(&[share(&[1, 2]), share(&[3, 0])]).err(), Some(ShamirError::Duplicate));
    }

    proptest! {
        #[test]
        fn any_threshold_of_shares_gives_the_secret(
            secret in prop::collection::vec(any::<u8>(), 1..40),
            threshold in 2..6_usize,
            spare in 0..4_usize,
            skip in 0..4_usize,
        ) {
            let shares = split(&secret, threshold + spare, threshold, &mut counting()).unwrap();
            let some: Vec<_> = shares.iter().skip(skip.min(spare)).take(threshold).cloned().collect();
            assert_eq!(*combine(&some).unwrap(), secret);
            assert_eq!(*combine(&shares).unwrap(), secret);
        }
    }
}
