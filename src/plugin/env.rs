//! The environment of the process, as far as hosts define it. Read here, once, and nowhere else in
//! this ring.
//!
//! The names are go-plugin's (`PLUGIN_…`), Terraform's (`TF_…`) and the system's (`TMPDIR`). An
//! empty variable counts as absent, as it does for go-plugin.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;

use crate::framework::error::{Error, Result};

/// A copy of the variables that matter.
#[derive(Debug, Clone)]
pub(super) struct Env {
    cookie: Option<String>,
    protocol_versions: Option<String>,
    client_cert: Option<String>,
    min_port: Option<String>,
    max_port: Option<String>,
    socket_dir: Option<PathBuf>,
    socket_group: Option<String>,
    multiplexing: bool,
    temp_dir: PathBuf,
    log_level: LevelFilter,
}

impl Env {
    /// The environment of this process, a provider of the type `type_name`.
    pub(super) fn of_process(type_name: &str) -> Self {
        Self::read(type_name, |name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// The environment in which `lookup` finds variables.
    pub(super) fn read(type_name: &str, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let own_level = format!("TF_LOG_PROVIDER_{}", log_suffix(type_name));
        let level = get(&own_level).or_else(|| get("TF_LOG_PROVIDER")).or_else(|| get("TF_LOG"));
        Self {
            cookie: get("TF_PLUGIN_MAGIC_COOKIE"),
            protocol_versions: get("PLUGIN_PROTOCOL_VERSIONS"),
            client_cert: get("PLUGIN_CLIENT_CERT"),
            min_port: get("PLUGIN_MIN_PORT"),
            max_port: get("PLUGIN_MAX_PORT"),
            socket_dir: get("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: get("PLUGIN_UNIX_SOCKET_GROUP"),
            multiplexing: get("PLUGIN_MULTIPLEX_GRPC").is_some(),
            temp_dir: PathBuf::from(get("TMPDIR").unwrap_or_else(|| "/tmp".to_owned())),
            log_level: log_level(level.as_deref()),
        }
    }

    /// The secret handshake by which a host says that it is one.
    pub(super) fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// The major protocol versions of the host, separated by commas, in no order.
    pub(super) fn protocol_versions(&self) -> Option<&str> {
        self.protocol_versions.as_deref()
    }

    /// The certificate, in PEM, of the only client to let in. Without it the host wants no TLS.
    pub(super) fn client_cert(&self) -> Option<&str> {
        self.client_cert.as_deref()
    }

    /// Whether the host would put all connections through one.
    pub(super) fn asks_for_multiplexing(&self) -> bool {
        self.multiplexing
    }

    /// Where the host wants the socket; otherwise that is up to us.
    pub(super) fn socket_dir(&self) -> Option<&Path> {
        self.socket_dir.as_deref()
    }

    /// The group, by name or number, that is to reach the socket.
    pub(super) fn socket_group(&self) -> Option<&str> {
        self.socket_group.as_deref()
    }

    /// The system's folder for temporary files.
    pub(super) fn temp_dir(&self) -> &Path {
        &self.temp_dir
    }

    /// The ports to choose from, for a socket of the network. Without a wish of the host's, 0: any.
    pub(super) fn ports(&self) -> Result<RangeInclusive<u16>> {
        let port = |name: &str, value: &Option<String>| match value {
            None => Ok(0),
            Some(text) => text.parse::<u16>().map_err(|_| {
                Error::invalid(format!("{name} is {text:?}, expected a port: 0 to 65535"))
            }),
        };
        let (min, max) =
            (port("PLUGIN_MIN_PORT", &self.min_port)?, port("PLUGIN_MAX_PORT", &self.max_port)?);
        if min > max {
            return Err(Error::invalid(format!(
                "PLUGIN_MIN_PORT is {min}, expected at most the {max} of PLUGIN_MAX_PORT"
            )));
        }
        Ok(min..=max)
    }

    /// What to log. Errors when nothing is asked for: hosts discard them then, but other parents
    /// may not, and they cost nothing until one happens.
    pub(super) fn log_level(&self) -> LevelFilter {
        self.log_level
    }
}

/// The end of the name of the variable that sets the level of one provider's logs.
pub(super) fn log_suffix(type_name: &str) -> String {
    type_name.to_uppercase().replace('-', "_")
}

fn log_level(value: Option<&str>) -> LevelFilter {
    match value.map(str::to_ascii_uppercase).as_deref() {
        None | Some("ERROR") => LevelFilter::ERROR,
        Some("OFF") => LevelFilter::OFF,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        // `JSON` is TRACE in another form, and hosts take what they do not know for TRACE.
        Some(_) => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        Env::read("gitops", |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_nearest_log_variable_wins() {
        for (variables, expected) in [
            (&[] as &[_], LevelFilter::ERROR),
            (&[("TF_LOG", "info")], LevelFilter::INFO),
            (&[("TF_LOG", "JSON")], LevelFilter::TRACE),
            (&[("TF_LOG", "loud")], LevelFilter::TRACE),
            (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "OFF")], LevelFilter::OFF),
            (&[("TF_LOG_PROVIDER", "OFF"), ("TF_LOG_PROVIDER_GITOPS", "WARN")], LevelFilter::WARN),
            (&[("TF_LOG", "DEBUG"), ("TF_LOG_PROVIDER", "")], LevelFilter::DEBUG),
        ] {
            assert_eq!(env(variables).log_level(), expected, "{variables:?}");
        }
    }

    #[test]
    fn an_empty_certificate_is_none() {
        assert_eq!(env(&[("PLUGIN_CLIENT_CERT", "")]).client_cert(), None);
    }

    #[test]
    fn ports_are_any_or_the_host_s_range() {
        assert_eq!(env(&[]).ports().unwrap(), 0..=0);
        let range = [("PLUGIN_MIN_PORT", "10000"), ("PLUGIN_MAX_PORT", "25000")];
        assert_eq!(env(&range).ports().unwrap(), 10000..=25000);
    }

    #[test]
    fn ports_that_make_no_sense_are_named() {
        let error = env(&[("PLUGIN_MIN_PORT", "ten")]).ports().unwrap_err().to_string();
        assert!(error.contains("PLUGIN_MIN_PORT is \"ten\""), "{error}");
        let backwards = [("PLUGIN_MIN_PORT", "9"), ("PLUGIN_MAX_PORT", "8")];
        let error = env(&backwards).ports().unwrap_err().to_string();
        assert!(error.contains("is 9, expected at most the 8"), "{error}");
    }
}
