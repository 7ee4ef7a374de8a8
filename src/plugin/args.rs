//! The flags of the program. Hosts pass none; these are for people.

use super::Options;
use crate::framework::error::{Error, Result};

/// What a command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invocation {
    /// Serve the host that started us.
    Serve,
    /// Serve whoever is told the address, until interrupted.
    Debug,
    Version,
    Help,
}

/// Reads a command line without its program. One dash or two: people bring the habits of providers
/// in Go, where `-debug` is the convention.
pub(super) fn parse(args: impl IntoIterator<Item = String>) -> Result<Invocation> {
    let mut invocation = Invocation::Serve;
    for arg in args {
        invocation = match arg.as_str() {
            "-debug" | "--debug" => Invocation::Debug,
            "-version" | "--version" | "-V" => return Ok(Invocation::Version),
            "-help" | "--help" | "-h" => return Ok(Invocation::Help),
            _ => {
                let message = format!(
                    "unknown argument {arg:?}, expected one of --debug, --version and --help"
                );
                return Err(Error::invalid(message));
            }
        };
    }
    Ok(invocation)
}

pub(super) fn version(options: Options) -> String {
    format!("terraform-provider-{} v{}\n", options.type_name(), options.version)
}

pub(super) fn usage(options: Options) -> String {
    let name = options.type_name();
    format!(
        "\
Usage: terraform-provider-{name} [flag]

Without a flag it serves OpenTofu or Terraform, which start it by themselves.

  --debug    serve until interrupted, and print how to make OpenTofu or Terraform use this process
  --version  print the version
  --help     print this

Logs go to standard error. TF_LOG, TF_LOG_PROVIDER or TF_LOG_PROVIDER_{upper} set their level:
TRACE, DEBUG, INFO, WARN, ERROR or OFF.

Documentation: {documentation}
",
        upper = super::env::log_suffix(name),
        documentation = options.documentation,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Invocation> {
        parse(args.iter().map(ToString::to_string))
    }

    #[test]
    fn flags_take_one_dash_or_two() {
        for (args, expected) in [
            (&[] as &[&str], Invocation::Serve),
            (&["-debug"], Invocation::Debug),
            (&["--debug"], Invocation::Debug),
            (&["-version"], Invocation::Version),
            (&["--debug", "--help"], Invocation::Help),
        ] {
            assert_eq!(parsed(args).unwrap(), expected, "{args:?}");
        }
    }

    #[test]
    fn an_unknown_flag_is_named() {
        let error = parsed(&["--debgu"]).unwrap_err().to_string();
        assert!(error.contains("\"--debgu\"") && error.contains("--debug"), "{error}");
    }
}
