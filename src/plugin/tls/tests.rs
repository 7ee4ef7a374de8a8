use super::*;

/// In PEM, a certificate that is well-formed and nobody's.
fn pem() -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap().pem()
}

#[test]
fn a_client_is_one_certificate() {
    let one = pem();
    parse_client(&one).unwrap();
    // As some shells would hand it over.
    parse_client(&one.replace('\n', "\r\n")).unwrap();
}

#[test]
fn anything_else_is_an_error_that_says_what_it_should_have_been() {
    let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let cases = [
        ("hello".to_owned(), "no certificate"),
        (KeyPair::generate().unwrap().serialize_pem(), "no certificate"),
        (pem() + &pem(), "several certificates"),
        (not_der.to_owned(), "invalid peer certificate"),
        (pem().replace("-----END CERTIFICATE-----", ""), ""),
    ];
    for (pem, part) in cases {
        let error = Identity::for_client(&pem).unwrap_err().to_string();
        assert!(error.starts_with("reading PLUGIN_CLIENT_CERT: "), "{error}");
        assert!(
            error.contains(part) && error.ends_with("expected one certificate in PEM"),
            "{error}"
        );
    }
}

#[test]
fn only_the_very_certificate_is_accepted() {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (client, _) = self_signed().unwrap();
    // The same name and the same rules; only the key is another.
    let (other, _) = self_signed().unwrap();
    let verifier = ExactClient { client: client.clone(), provider };
    let verify = |certificate| verifier.verify_client_cert(certificate, &[], UnixTime::now());

    assert!(verify(&client).is_ok());
    assert!(verify(&other).is_err());
    // One that is passed off as a link of a chain is still not the client.
    assert!(verifier.verify_client_cert(&other, &[client], UnixTime::now()).is_err());
}

#[test]
fn a_certificate_is_mandatory_and_may_be_on_p521() {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = ExactClient { client: self_signed().unwrap().0, provider };
    assert!(verifier.client_auth_mandatory());
    let schemes = verifier.supported_verify_schemes();
    assert!(schemes.contains(&SignatureScheme::ECDSA_NISTP521_SHA512), "{schemes:?}");
}

#[test]
fn hosts_held_to_nist_curves_find_one() {
    use rustls::NamedGroup;

    let groups: Vec<_> =
        aws_lc_rs::default_provider().kx_groups.iter().map(|group| group.name()).collect();
    for needed in [NamedGroup::X25519, NamedGroup::secp256r1, NamedGroup::secp384r1] {
        assert!(groups.contains(&needed), "{groups:?}");
    }
}

#[test]
fn every_process_has_its_own_certificate() {
    let client = pem();
    let (one, two) =
        (Identity::for_client(&client).unwrap(), Identity::for_client(&client).unwrap());
    assert_ne!(one.certificate(), two.certificate());
}
