//! Numbers of any size and precision, as Terraform has them.

use std::fmt;

/// An exact decimal number.
///
/// Whole numbers that fit an `i64` are kept as such; everything else is kept
/// as its shortest plain decimal text. Floats are never used to hold a value,
/// since core compares numbers by their decimal text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Repr);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    Int(i64),
    /// Canonical: no exponent, no leading or trailing zeros, no `+`.
    Decimal(String),
}

impl Number {
    /// Parses decimal text, with or without fraction and exponent.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse::<i64>() {
            return Some(Self(Repr::Int(int)));
        }
        let canonical = canonical(text)?;
        Some(match canonical.parse::<i64>() {
            Ok(int) => Self(Repr::Int(int)),
            Err(_) => Self(Repr::Decimal(canonical)),
        })
    }

    /// The number as an `i64`, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(int) => Some(*int),
            Repr::Decimal(_) => None,
        }
    }

    /// The number as an `f64` when it is not whole and an `f64` holds it exactly.
    pub fn as_exact_fraction(&self) -> Option<f64> {
        let Repr::Decimal(text) = &self.0 else { return None };
        if !text.contains('.') {
            return None;
        }
        let float: f64 = text.parse().ok()?;
        // 1,074 digits after the point write any finite f64 in full.
        let full = format!("{float:.1074}");
        (full.trim_end_matches('0') == text).then_some(float)
    }
}

/// `-01.50e3` as `-1500`; `None` when it is no decimal number.
fn canonical(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    // A bound on the exponent: a short text must not become a gigabyte of zeros.
    if digits.is_empty()
        || !digits.bytes().all(|b| b.is_ascii_digit())
        || exponent.unsigned_abs() > 5_000
    {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let digits = match usize::try_from(point) {
        Err(_) | Ok(0) => {
            format!("0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or_default()))
        }
        Ok(point) if point >= digits.len() => {
            format!("{digits}{}", "0".repeat(point - digits.len()))
        }
        Ok(point) => format!("{}.{}", &digits[..point], &digits[point..]),
    };
    let trimmed = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        &digits
    };
    let trimmed = trimmed.trim_start_matches('0');
    let number = match trimmed {
        "" => return Some("0".into()),
        fraction if fraction.starts_with('.') => format!("0{fraction}"),
        number => number.to_owned(),
    };
    Some(format!("{sign}{number}"))
}

impl From<i64> for Number {
    fn from(int: i64) -> Self {
        Self(Repr::Int(int))
    }
}

impl From<u64> for Number {
    fn from(int: u64) -> Self {
        i64::try_from(int).map_or_else(|_| Self(Repr::Decimal(int.to_string())), Self::from)
    }
}

impl Number {
    /// The number that a finite float stands for, by its shortest decimal text.
    pub fn from_f64(float: f64) -> Option<Self> {
        float.is_finite().then(|| Self::parse(&format!("{float}"))).flatten()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(int) => int.fmt(f),
            Repr::Decimal(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: &str) -> String {
        Number::parse(number).expect(number).to_string()
    }

    #[test]
    fn equal_numbers_have_one_text() {
        for (given, canonical) in [
            ("0", "0"),
            ("-0", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("1.0", "1"),
            ("1e3", "1000"),
            ("-12.5e-3", "-0.0125"),
            (".5", "0.5"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9223372036854775808"),
            ("1e20", "100000000000000000000"),
        ] {
            assert_eq!(text(given), canonical, "{given}");
        }
        for bad in ["", "-", ".", "1.2.3", "x", "1e", "0x10", "1e999999", "1e-2147483648"] {
            assert_eq!(Number::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_dyadic_fractions_are_exact_floats() {
        assert_eq!(Number::parse("0.5").unwrap().as_exact_fraction(), Some(0.5));
        assert_eq!(Number::parse("0.1").unwrap().as_exact_fraction(), None);
        assert_eq!(Number::parse("3").unwrap().as_exact_fraction(), None);
        assert_eq!(Number::from_f64(0.1).unwrap().to_string(), "0.1");
        assert_eq!(Number::from_f64(f64::NAN), None);
    }
}
