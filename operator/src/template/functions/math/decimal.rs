//! Exact decimal numbers, in which Sprig computes with floats.

use num_bigint::{BigInt, Sign};

use crate::template::print::shortest_digits;

/// Digits after the point of a quotient.
const PRECISION: i64 = 16;

/// `value` × 10^`exponent`.
pub(super) struct Decimal {
    value: BigInt,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal number that reads as this float.
    pub(super) fn from_float(number: f64) -> Option<Decimal> {
        if !number.is_finite() {
            return None;
        }
        let (digits, exponent) = shortest_digits(number.abs());
        let value: BigInt = digits.parse().ok()?;
        let exponent = i64::from(exponent) - i64::try_from(digits.len()).ok()? + 1;
        Some(Decimal { value: if number.is_sign_negative() { -value } else { value }, exponent })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        format!("{}e{}", self.value, self.exponent).parse().unwrap_or(0.0)
    }

    /// About how many decimal digits there are.
    pub(super) fn digits(&self) -> usize {
        usize::try_from(self.value.bits() / 3).unwrap_or(usize::MAX)
    }

    fn scaled(&self, exponent: i64) -> BigInt {
        &self.value * power(self.exponent - exponent)
    }

    pub(super) fn add(&self, other: &Decimal) -> Decimal {
        let exponent = self.exponent.min(other.exponent);
        Decimal { value: self.scaled(exponent) + other.scaled(exponent), exponent }
    }

    pub(super) fn sub(&self, other: &Decimal) -> Decimal {
        let exponent = self.exponent.min(other.exponent);
        Decimal { value: self.scaled(exponent) - other.scaled(exponent), exponent }
    }

    pub(super) fn mul(&self, other: &Decimal) -> Decimal {
        Decimal { value: &self.value * &other.value, exponent: self.exponent + other.exponent }
    }

    /// The quotient, rounded half away from zero; `None` for a divisor of zero.
    pub(super) fn div(&self, other: &Decimal) -> Option<Decimal> {
        if other.value.sign() == Sign::NoSign {
            return None;
        }
        let shift = self.exponent - other.exponent + PRECISION;
        let (numerator, denominator) = (&self.value * power(shift), &other.value * power(-shift));
        let (quotient, rest) = (&numerator / &denominator, &numerator % &denominator);
        let away = rest.magnitude() * 2u32 >= *denominator.magnitude();
        let step = if numerator.sign() == denominator.sign() { 1 } else { -1 };
        let value = if away { quotient + step } else { quotient };
        Some(Decimal { value, exponent: -PRECISION })
    }
}

/// 10^`exponent`, or 1 for a negative exponent.
fn power(exponent: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent.max(0)).unwrap_or(u32::MAX))
}
