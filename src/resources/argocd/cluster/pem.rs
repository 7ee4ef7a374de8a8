//! Certificates and keys: PEM, or base64 of it.
//!
//! Argo CD keeps base64 of PEM, EKS hands out base64 of PEM, and everybody else
//! has PEM. All of them may be written, and mean the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::framework::schema::{Check, Form, Same};
use crate::framework::{Error, Result, Secret, Value, newtype};

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pem(pub String);

newtype!(Pem(String), |attribute| {
    attribute.checks.push(Check::Text(check));
    attribute.same = Same::Text(same);
    attribute.api.form = Form::Custom { write, read };
});

/// A private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemKey(pub Secret);

newtype!(PemKey(Secret), Pem::tune);

/// The base64 that Argo CD keeps; a text that is no PEM stays as it is.
pub fn encode(text: &str) -> String {
    decode(text).map_or_else(|| text.to_owned(), |pem| STANDARD.encode(pem))
}

fn write(value: &Value) -> Result<Json> {
    let text = value.as_str().ok_or_else(|| Error::bug("a certificate is no text"))?;
    Ok(encode(text).into())
}

fn read(json: &Json) -> Result<Value> {
    let text = json.as_str().ok_or_else(|| Error::invalid("a certificate is no text"))?;
    Ok(decode(text).unwrap_or_else(|| text.to_owned()).into())
}

fn check(text: &str) -> Result<(), String> {
    match decode(text) {
        Some(_) => Ok(()),
        None => Err("it is neither PEM (-----BEGIN ...) nor base64 of PEM".to_owned()),
    }
}

fn same(a: &str, b: &str) -> bool {
    matches!((decode(a), decode(b)), (Some(a), Some(b)) if a == b)
}

fn decode(text: &str) -> Option<String> {
    if is_pem(text) {
        return Some(text.to_owned());
    }
    // Whoever wraps base64 in lines means the same.
    let packed: String = text.split_ascii_whitespace().collect();
    let decoded = String::from_utf8(STANDARD.decode(packed).ok()?).ok()?;
    is_pem(&decoded).then_some(decoded)
}

fn is_pem(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    #[test]
    fn pem_and_its_base64_mean_the_same() {
        let encoded = STANDARD.encode(PEM);
        assert!(same(PEM, &encoded) && same(&encoded, PEM));
        assert_eq!(encode(PEM), encoded);
        assert_eq!(encode(&encoded), encoded);
        assert_eq!(read(&encoded.clone().into()).unwrap(), PEM.into());
        let wrapped = format!("{}\n{}\n", &encoded[..40], &encoded[40..]);
        assert_eq!(encode(&wrapped), encoded);
        assert_eq!(check(&wrapped), Ok(()));
    }

    #[test]
    fn what_is_no_pem_is_refused_without_being_repeated() {
        for bad in ["", "secret", "c2VjcmV0"] {
            let error = check(bad).unwrap_err();
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
            assert!(!same(bad, bad));
        }
    }
}
