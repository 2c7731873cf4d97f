//! Nonces drawn ahead: asking the operating system once for each value takes longer than sealing it.

use crate::document::Random;
use crate::error::Error;
use crate::value::cipher::{LongNonce, NONCE_LEN};

/// Nonces of one draw.
const AHEAD: usize = 64;

/// Nonces, each handed out once.
pub(crate) struct Nonces<'a, 'r> {
    random: &'a mut Random<'r>,
    drawn: [u8; AHEAD * NONCE_LEN],
    used: usize,
}

impl<'a, 'r> Nonces<'a, 'r> {
    pub(crate) fn new(random: &'a mut Random<'r>) -> Nonces<'a, 'r> {
        Nonces { random, drawn: [0; AHEAD * NONCE_LEN], used: AHEAD }
    }

    pub(crate) fn next(&mut self) -> Result<LongNonce, Error> {
        if self.used == AHEAD {
            (self.random)(&mut self.drawn).map_err(|_| Error::Random)?;
            self.used = 0;
        }
        let (nonces, _) = self.drawn.as_chunks::<NONCE_LEN>();
        let nonce = nonces.get(self.used).copied().ok_or(Error::Random)?;
        self.used += 1;
        Ok(nonce)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{AHEAD, Nonces};
    use crate::error::Error;

    #[test]
    fn no_nonce_is_handed_out_twice() {
        let mut draws = 0_u8;
        let mut random = |bytes: &mut [u8]| {
            draws += 1;
            for (number, byte) in bytes.iter_mut().enumerate() {
                *byte = if number % 32 == 0 { draws } else { u8::try_from(number / 32).unwrap() };
            }
            Ok(())
        };
        let mut nonces = Nonces::new(&mut random);
        let distinct: HashSet<[u8; 32]> = (0..3 * AHEAD).map(|_| nonces.next().unwrap()).collect();
        assert_eq!(distinct.len(), 3 * AHEAD);
        assert_eq!(draws, 3);
    }

    #[test]
    fn a_source_that_fails_gives_none() {
        let mut fails = |_: &mut [u8]| Err(std::io::Error::other("no entropy"));
        let mut nonces = Nonces::new(&mut fails);
        for _ in 0..2 {
            assert!(matches!(nonces.next(), Err(Error::Random)));
        }
    }
}
