//! Serving under a debugger: the process is already there when OpenTofu or Terraform come, and a
//! variable tells them where.

use serde_json::json;

use super::Options;
use super::handshake::PROTOCOL;
use super::listener::Address;

/// The hosts that the two programs put before an address that names none.
const REGISTRIES: [&str; 2] = ["registry.opentofu.org", "registry.terraform.io"];

/// What to tell the person who started us.
pub(super) fn message(options: Options, address: &Address) -> String {
    format!(
        "\
The provider is running. In the shell of OpenTofu or Terraform, set

  {}

and interrupt the provider (Ctrl-C) when done.
",
        assignment(options, address)
    )
}

/// The assignment for a POSIX shell.
fn assignment(options: Options, address: &Address) -> String {
    // `Test` keeps them from ending a process that is not theirs. Without it the version is not
    // taken over either, and they assume protocol 5.
    let reattach = json!({
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": address.network(), "String": address.to_string() },
    });
    let providers: serde_json::Map<_, _> = REGISTRIES
        .iter()
        .map(|registry| (format!("{registry}/{}", options.provider_address), reattach.clone()))
        .collect();
    let json = serde_json::Value::Object(providers).to_string();
    format!("TF_REATTACH_PROVIDERS='{}'", json.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options {
        provider_address: "eks-gitops/gitops",
        version: "1.2.3",
        documentation: "https://example.com",
    };

    #[test]
    fn both_registries_lead_to_this_process() {
        let text = assignment(OPTIONS, &Address::Unix("/tmp/plugin1/socket".into()));
        let json =
            text.strip_prefix("TF_REATTACH_PROVIDERS='").unwrap().strip_suffix('\'').unwrap();
        let entry = json!({
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": "unix", "String": "/tmp/plugin1/socket" },
        });
        let expected = json!({
            "registry.terraform.io/eks-gitops/gitops": entry,
            "registry.opentofu.org/eks-gitops/gitops": entry,
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(json).unwrap(), expected);
    }

    #[test]
    fn a_quote_in_the_path_survives_the_shell() {
        let text = assignment(OPTIONS, &Address::Unix("/tmp/it's".into()));
        assert!(text.contains(r"/tmp/it'\''s"), "{text}");
    }
}
