//! How a kube-apiserver is told of the webhooks.

use url::Url;

use super::{
    Emulator,
    admin::{AUTHN_PATH, AUTHZ_PATH},
};

/// The two webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// `--authentication-token-webhook-config-file`, with
    /// `--authentication-token-webhook-version=v1`.
    Authentication,
    /// `--authorization-webhook-config-file`, with `--authorization-mode` ending in `RBAC,Webhook`
    /// and `--authorization-webhook-version=v1`.
    Authorization,
}

impl Emulator {
    /// The token webhook, for the emulator's first cluster. The cluster need not be there yet when
    /// the URL is asked for: an API server must know its webhook before it has an endpoint.
    pub fn authn_webhook_url(&self) -> Url {
        self.at(AUTHN_PATH)
    }

    /// The token webhook for one of several clusters.
    pub fn authn_webhook_url_for(&self, cluster: &str) -> Url {
        let mut url = self.authn_webhook_url();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(cluster);
        }
        url
    }

    /// The authorisation webhook, the same for all clusters: the user's access entry names its own.
    pub fn authz_webhook_url(&self) -> Url {
        self.at(AUTHZ_PATH)
    }

    /// A kubeconfig (YAML) for the API server's flag. Plain HTTP: the API server takes it for these
    /// two webhooks, both ends are on loopback, and the tokens are of a sandbox.
    pub fn webhook_kubeconfig(&self, webhook: Webhook) -> String {
        match webhook {
            Webhook::Authentication => kubeconfig(&self.authn_webhook_url()),
            Webhook::Authorization => kubeconfig(&self.authz_webhook_url()),
        }
    }

    /// Like [`Self::webhook_kubeconfig`] for authentication, for one of several clusters.
    pub fn authn_kubeconfig_for(&self, cluster: &str) -> String {
        kubeconfig(&self.authn_webhook_url_for(cluster))
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.url();
        url.set_path(path);
        url
    }
}

fn kubeconfig(server: &Url) -> String {
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: eks-emulator\n  \
           cluster:\n    \
             server: {server}\n\
         users:\n\
         - name: kube-apiserver\n  \
           user: {{}}\n\
         contexts:\n\
         - name: webhook\n  \
           context:\n    \
             cluster: eks-emulator\n    \
             user: kube-apiserver\n\
         current-context: webhook\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubeconfig_names_the_server_and_keeps_its_indentation() {
        let url = Url::parse("http://127.0.0.1:1234/_sandbox/webhooks/authz").unwrap();
        let expected = "\
apiVersion: v1
kind: Config
clusters:
- name: eks-emulator
  cluster:
    server: http://127.0.0.1:1234/_sandbox/webhooks/authz
users:
- name: kube-apiserver
  user: {}
contexts:
- name: webhook
  context:
    cluster: eks-emulator
    user: kube-apiserver
current-context: webhook
";
        assert_eq!(kubeconfig(&url), expected);
    }
}
