//! The first words: whether a host started us, and the line by which it finds us.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::Options;
use super::env::Env;
use super::listener::Address;
use crate::framework::error::{Context as _, Error, Result};

/// go-plugin's own version, which has never changed.
const CORE_PROTOCOL: u32 = 1;

/// The major version of the provider protocol.
pub(super) const PROTOCOL: u32 = 6;

/// The value by which Terraform and OpenTofu say that they are what started us. It is public and
/// proves nothing; it keeps people from running a plugin as a program.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Whether a host started the process, and not a person.
pub(super) fn started_by_host(env: &Env) -> bool {
    env.cookie() == Some(COOKIE)
}

/// What to tell a person who started the process.
pub(super) fn by_hand(options: Options) -> String {
    let Options { provider_address, version, documentation } = options;
    let name = options.type_name();
    format!(
        "\
terraform-provider-{name} {version} is a plugin of OpenTofu and Terraform. They start it by
themselves when a configuration asks for it; it is of no use when run by hand.

To use it, put this into a configuration and run `tofu init` or `terraform init`:

  terraform {{
    required_providers {{
      {name} = {{
        source = \"{provider_address}\"
      }}
    }}
  }}

Documentation: {documentation}
To run it under a debugger: terraform-provider-{name} --debug
"
    )
}

/// Makes sure that the host speaks the version that we do.
pub(super) fn check_protocol(env: &Env) -> Result<()> {
    let versions = env.protocol_versions().unwrap_or_default();
    if versions.split(',').any(|version| version.trim().parse() == Ok(PROTOCOL)) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "PLUGIN_PROTOCOL_VERSIONS is {versions:?}, expected {PROTOCOL} among them: \
         this provider needs Terraform 1.0 or OpenTofu 1.6, or later"
    )))
}

/// The line that answers the host. `certificate` is the server's, in DER.
///
/// `1|6|<network>|<address>|grpc|<certificate>`, the certificate in base64 without padding and
/// empty without TLS. A seventh field answers a host that asks for multiplexing.
pub(super) fn line(
    address: &Address,
    certificate: Option<&[u8]>,
    asked_to_multiplex: bool,
) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    let (network, address) = (address.network(), address.to_string());
    let multiplex = if asked_to_multiplex { "|false" } else { "" };
    format!("{CORE_PROTOCOL}|{PROTOCOL}|{network}|{address}|grpc|{certificate}{multiplex}\n")
}

/// Writes to standard output: the only place that does, since one stray line there breaks the
/// handshake.
pub(super) fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Error::failed(error.to_string()))
        .context(|| "writing to standard output")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &'static str, value: &'static str) -> Env {
        Env::read("gitops", |asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn only_the_cookie_tells_a_host() {
        assert!(started_by_host(&env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)));
        assert!(!started_by_host(&env("TF_PLUGIN_MAGIC_COOKIE", "biscuit")));
        assert!(!started_by_host(&env("OTHER", COOKIE)));
    }

    #[test]
    fn versions_are_accepted_in_any_order() {
        for versions in ["6", "5,6", "6,5", "5, 6"] {
            assert!(
                check_protocol(&env("PLUGIN_PROTOCOL_VERSIONS", versions)).is_ok(),
                "{versions}"
            );
        }
        for versions in ["", "5", "4,5", "16", "six"] {
            let error = check_protocol(&env("PLUGIN_PROTOCOL_VERSIONS", versions)).unwrap_err();
            assert!(error.to_string().contains(&format!("{versions:?}")), "{error}");
        }
    }

    #[test]
    fn the_line_has_six_fields_and_a_seventh_only_when_asked() {
        let unix = Address::Unix("/tmp/plugin1/socket".into());
        assert_eq!(line(&unix, None, false), "1|6|unix|/tmp/plugin1/socket|grpc|\n");
        let tcp = Address::Tcp(([127, 0, 0, 1], 10000).into());
        // One byte encodes to two characters; padding would add two more.
        assert_eq!(line(&tcp, Some(&[0xff]), true), "1|6|tcp|127.0.0.1:10000|grpc|/w|false\n");
    }

    #[test]
    fn a_person_is_told_what_to_write() {
        let options = Options {
            provider_address: "eks-gitops/gitops",
            version: "1.2.3",
            documentation: "https://example.com/docs",
        };
        let text = by_hand(options);
        for part in ["terraform-provider-gitops 1.2.3", "source = \"eks-gitops/gitops\"", "/docs"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
