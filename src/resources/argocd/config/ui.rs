//! Users, what they see, and how manifests are rendered for them.

use crate::framework::{Attr, Model};

use super::check;

/// The user interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Ui {
    /// URL or path of a style sheet.
    #[attr(api = "ui.cssurl")]
    pub css_url: Attr<String>,
    /// Text of a banner on every page.
    #[attr(api = "ui.bannercontent")]
    pub banner_content: Attr<String>,
    /// URL that the banner leads to; it needs a `banner_content`.
    #[attr(api = "ui.bannerurl", check = crate::framework::checks::url_http)]
    pub banner_url: Attr<String>,
    /// Whether the banner cannot be closed; off when not set.
    #[attr(api = "ui.bannerpermanent")]
    pub banner_permanent: Attr<bool>,
    /// Where the banner is; at the top when not set.
    #[attr(api = "ui.bannerposition", one_of = ["top", "bottom", "both"])]
    pub banner_position: Attr<String>,
}

/// How Kustomize renders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Kustomize {
    /// Whether there is Kustomize; on when not set.
    #[attr(api = "kustomize.enable")]
    pub enable: Attr<bool>,
    /// Options of `kustomize build`, as in `--enable-helm`. The EKS capability takes `--reorder`,
    /// `--enable-helm` and `--enable-managedby-label`.
    #[attr(api = "kustomize.buildOptions")]
    pub build_options: Attr<String>,
}

/// How Helm renders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Helm {
    /// Whether there is Helm; on when not set.
    #[attr(api = "helm.enable")]
    pub enable: Attr<bool>,
    /// Schemes of URLs that files with values may have; `http` and `https` when not set, and none
    /// when empty. Not for the EKS capability.
    #[attr(api = "helm.valuesFileSchemes", check = check::listed)]
    pub values_file_schemes: Attr<Vec<String>>,
}

/// How Jsonnet renders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Jsonnet {
    /// Whether there is Jsonnet; on when not set.
    #[attr(api = "jsonnet.enable")]
    pub enable: Attr<bool>,
}

/// A local user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Account {
    /// What the user may do: `login` to the user interface, have tokens made (`apiKey`), or both.
    #[attr(required, one_of = ["apiKey", "login"], length(1, 2))]
    pub capabilities: Attr<Vec<String>>,
    /// Whether the user may do it at present; on when not set.
    pub enabled: Attr<bool>,
}
