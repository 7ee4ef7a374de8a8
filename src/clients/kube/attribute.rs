//! The attribute `cluster`, checked.

use url::Url;

use super::target::{Direct, Eks, Exec, Kubeconfig, Login, Target};
use crate::framework::{Error, Path, Result, Secret};

/// The attribute `cluster` as configured: every field may be absent.
///
/// [`target`](Self::target) checks it and turns it into a [`Target`].
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the attributes of the same names, described above")]
pub struct ClusterAttribute {
    pub name: Option<String>,
    pub region: Option<String>,
    pub role_arn: Option<String>,
    pub host: Option<String>,
    pub token: Option<Secret>,
    pub exec: Option<Exec>,
    pub client_certificate: Option<String>,
    pub client_key: Option<Secret>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub cluster_ca_certificate: Option<String>,
    pub insecure: Option<bool>,
    pub tls_server_name: Option<String>,
    pub proxy_url: Option<String>,
    pub config_path: Option<String>,
    pub config_paths: Option<Vec<String>>,
    pub config_context: Option<String>,
    pub config_context_auth_info: Option<String>,
    pub config_context_cluster: Option<String>,
    pub in_cluster: Option<bool>,
}

/// The attributes of which each stands for one form.
const FORMS: &str = "name, host, config_path or in_cluster";

impl ClusterAttribute {
    /// Checks the attribute and says which cluster it means.
    ///
    /// Only the shape is checked, so that a made-up but well-formed value
    /// (Terragrunt's mock outputs) plans: certificates are parsed and files
    /// read when the cluster is first needed.
    ///
    /// # Errors
    /// An invalid attribute, at a path below `at`.
    pub fn target(self, at: &Path) -> Result<Target> {
        self.refuse_empty(at)?;
        let form = self.form(at)?;
        self.refuse_strays(form, at)?;
        match form {
            "name" => self.eks(at),
            "host" => self.direct(at),
            "config_path" => self.kubeconfig(at),
            _ => Ok(Target::InCluster),
        }
    }

    fn form(&self, at: &Path) -> Result<&'static str> {
        let forms = [
            ("name", "name", self.name.is_some()),
            ("host", "host", self.host.is_some()),
            ("config_path", "config_path", self.config_path.is_some()),
            ("config_paths", "config_path", self.config_paths.is_some()),
            ("in_cluster", "in_cluster", self.in_cluster == Some(true)),
        ];
        let mut given = forms.iter().filter(|(_, _, given)| *given);
        match (given.next(), given.next()) {
            (Some((_, form, _)), None) => Ok(form),
            (None, _) => Err(Error::invalid(format!("no cluster is given: expected {FORMS}"))
                .at(at.clone())
                .advise(
                    "The provider never falls back to localhost, to a kubeconfig of the \
                     environment or to the service account of a pod.",
                )),
            (Some((first, ..)), Some((second, ..))) => Err(Error::invalid(format!(
                "{first} and {second} are both given: expected exactly one of {FORMS}"
            ))
            .at(at.field(*second))),
        }
    }

    /// Every attribute but `in_cluster`, with the form it goes with and its text if it has one.
    fn attributes(&self) -> [(&'static str, &'static str, Option<&str>); 18] {
        fn text(value: Option<&String>) -> Option<&str> {
            value.map(String::as_str)
        }
        fn given(present: bool) -> Option<&'static str> {
            present.then_some("given")
        }
        [
            ("name", "name", text(self.name.as_ref())),
            ("region", "name", text(self.region.as_ref())),
            ("role_arn", "name", text(self.role_arn.as_ref())),
            ("host", "host", text(self.host.as_ref())),
            ("token", "host", self.token.as_ref().map(Secret::expose)),
            ("exec", "host", given(self.exec.is_some())),
            ("client_certificate", "host", text(self.client_certificate.as_ref())),
            ("client_key", "host", self.client_key.as_ref().map(Secret::expose)),
            ("username", "host", text(self.username.as_ref())),
            ("password", "host", self.password.as_ref().map(Secret::expose)),
            ("cluster_ca_certificate", "host", text(self.cluster_ca_certificate.as_ref())),
            ("insecure", "host", given(self.insecure == Some(true))),
            ("tls_server_name", "host", text(self.tls_server_name.as_ref())),
            ("proxy_url", "host", text(self.proxy_url.as_ref())),
            ("config_path", "config_path", text(self.config_path.as_ref())),
            ("config_context", "config_path", text(self.config_context.as_ref())),
            (
                "config_context_auth_info",
                "config_path",
                text(self.config_context_auth_info.as_ref()),
            ),
            ("config_context_cluster", "config_path", text(self.config_context_cluster.as_ref())),
        ]
    }

    fn refuse_empty(&self, at: &Path) -> Result<()> {
        match self.attributes().into_iter().find(|(_, _, value)| *value == Some("")) {
            Some((name, ..)) => Err(Error::invalid(format!(
                "{name} is empty: expected a value, or null to leave it out"
            ))
            .at(at.field(name))),
            None => Ok(()),
        }
    }

    /// An attribute that the chosen form would ignore is a mistake to be told of.
    fn refuse_strays(&self, form: &str, at: &Path) -> Result<()> {
        let stray = self
            .attributes()
            .into_iter()
            .find(|(_, belongs, value)| value.is_some() && *belongs != form);
        match stray {
            Some((name, belongs, _)) => Err(Error::invalid(format!(
                "{name} goes with {belongs}, and the cluster is given by {form}"
            ))
            .at(at.field(name))),
            None => Ok(()),
        }
    }

    fn eks(self, at: &Path) -> Result<Target> {
        let name = self.name.unwrap_or_default();
        // The rule of CreateCluster.
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !name.chars().all(legal) || name.len() > 100 || name.starts_with(['-', '_']) {
            return Err(Error::invalid(format!(
                "{name:?} is not a name of an EKS cluster: expected at most 100 letters, digits, \
                 hyphens and underscores, beginning with a letter or digit"
            ))
            .at(at.field("name")));
        }
        if let Some(role) = self.role_arn.as_deref().filter(|role| !role.starts_with("arn:")) {
            return Err(Error::invalid(format!(
                "{role:?} is not the ARN of a role: expected arn:aws:iam::<account>:role/<name>"
            ))
            .at(at.field("role_arn")));
        }
        Ok(Target::Eks(Eks { name, region: self.region, role_arn: self.role_arn }))
    }

    fn direct(self, at: &Path) -> Result<Target> {
        let host = url(self.host.as_deref().unwrap_or_default(), &["https"], &at.field("host"))?;
        let insecure = self.insecure.unwrap_or_default();
        if insecure && self.cluster_ca_certificate.is_some() {
            return Err(Error::invalid(
                "insecure and cluster_ca_certificate exclude each other: with insecure the \
                 server's certificate is not checked",
            )
            .at(at.field("insecure")));
        }
        let proxy_url = self.proxy_url.as_deref();
        let proxy_url =
            proxy_url.map(|proxy| url(proxy, &["http", "https"], &at.field("proxy_url")));
        Ok(Target::Direct(Box::new(Direct {
            host,
            proxy_url: proxy_url.transpose()?,
            cluster_ca_certificate: self.cluster_ca_certificate,
            insecure,
            tls_server_name: self.tls_server_name,
            login: Login::from_attributes(
                self.token,
                self.exec,
                (self.client_certificate, self.client_key),
                (self.username, self.password),
                at,
            )?,
        })))
    }

    fn kubeconfig(self, at: &Path) -> Result<Target> {
        let paths = self.config_paths.unwrap_or_else(|| self.config_path.into_iter().collect());
        if paths.is_empty() || paths.iter().any(String::is_empty) {
            return Err(Error::invalid("config_paths has no path: expected at least one file")
                .at(at.field("config_paths")));
        }
        Ok(Target::Kubeconfig(Kubeconfig {
            paths,
            context: self.config_context,
            user: self.config_context_auth_info,
            cluster: self.config_context_cluster,
        }))
    }
}

impl Login {
    fn from_attributes(
        token: Option<Secret>,
        exec: Option<Exec>,
        certificate: (Option<String>, Option<Secret>),
        password: (Option<String>, Option<Secret>),
        at: &Path,
    ) -> Result<Self> {
        let mut ways = Vec::new();
        ways.extend(token.map(|token| ("token", Self::Token(token))));
        if let Some(exec) = exec {
            exec.check(&at.field("exec"))?;
            ways.push(("exec", Self::Exec(exec)));
        }
        match certificate {
            (Some(certificate), Some(key)) => {
                ways.push(("client_certificate", Self::Certificate { certificate, key }));
            }
            (Some(_), None) => return Err(half("client_certificate", "client_key", at)),
            (None, Some(_)) => return Err(half("client_key", "client_certificate", at)),
            (None, None) => {}
        }
        match password {
            (Some(username), Some(password)) => {
                ways.push(("username", Self::Password { username, password }));
            }
            (Some(_), None) => return Err(half("username", "password", at)),
            (None, Some(_)) => return Err(half("password", "username", at)),
            (None, None) => {}
        }
        let expected = "token, exec, client_certificate with client_key, or username with password";
        match (ways.pop(), ways.pop()) {
            (Some((_, login)), None) => Ok(login),
            (Some((second, _)), Some((first, _))) => Err(Error::invalid(format!(
                "{first} and {second} are both given: expected one of {expected}"
            ))
            .at(at.field(second))),
            (None, _) => Err(Error::invalid(format!(
                "host is given without a way to log in: expected {expected}"
            ))
            .at(at.field("host"))),
        }
    }
}

impl Exec {
    fn check(&self, at: &Path) -> Result<()> {
        const VERSIONS: [&str; 2] =
            ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
        if !VERSIONS.contains(&self.api_version.as_str()) {
            return Err(Error::invalid(format!(
                "{:?} is not an API of credential plugins: expected {}",
                self.api_version,
                VERSIONS.join(" or ")
            ))
            .at(at.field("api_version")));
        }
        if self.command.is_empty() {
            return Err(
                Error::invalid("command is empty: expected a program").at(at.field("command"))
            );
        }
        Ok(())
    }
}

fn half(given: &'static str, missing: &'static str, at: &Path) -> Error {
    Error::invalid(format!("{given} is given without {missing}: expected both"))
        .at(at.field(missing))
}

/// A URL with one of these schemes, a host, and nothing that a base URL cannot have.
fn url(text: &str, schemes: &[&str], at: &Path) -> Result<Url> {
    let expected = schemes.iter().map(|s| format!("{s}://<host>")).collect::<Vec<_>>().join(" or ");
    // A URL may carry a password, which an error must not repeat.
    let shown = if text.contains('@') { "the value" } else { text };
    let wrong =
        |why: &str| Error::invalid(format!("{shown} {why}: expected {expected}")).at(at.clone());
    let url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL ({error})")))?;
    if !schemes.contains(&url.scheme()) {
        return Err(wrong(&format!("is an {} URL", url.scheme())));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("has no host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or a fragment"));
    }
    if schemes == ["https"] && (!url.username().is_empty() || url.password().is_some()) {
        return Err(wrong("holds a user or password"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
