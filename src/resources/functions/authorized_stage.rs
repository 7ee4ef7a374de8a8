//! Which stages of Kargo may change an Argo CD application.

use super::policy;
use crate::framework::checks::{dns_label, dns_subdomain};
use crate::framework::{Attr, Function, Model, Result};

/// The value of the annotation `kargo.akuity.io/authorized-stage`, by which an Argo CD application
/// lets stages of Kargo change it: the step `argocd-update` fails on an application that lacks it.
#[derive(Clone, Debug, Default, Model)]
pub struct AuthorizedStage {
    /// The Kargo project of the stages.
    #[attr(required, check = dns_label)]
    project: Attr<String>,
    /// The stages that may change the application. At least one.
    #[attr(check = dns_subdomain)]
    stages: Attr<Vec<String>>,
}

impl Function for AuthorizedStage {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "authorized_stage";
    const SUMMARY: &'static str = "Lets stages of Kargo change an Argo CD application";
    const RETURNS: &'static str =
        "`PROJECT:STAGE`, or several of them with commas between them, for the annotation.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let project = parameters.project.require("project")?;
        let lacking = "no stage is given; name those that may change the application";
        let stages = policy::some(&parameters.stages, "stages", lacking)?;
        let stages: Vec<_> = stages.iter().map(|stage| format!("{project}:{stage}")).collect();
        Ok(stages.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Value;
    use crate::framework::function::Callable;

    fn call(arguments: &[&str]) -> std::result::Result<Value, (String, Option<usize>)> {
        let arguments = arguments.iter().map(|&text| text.into()).collect();
        let called = Callable::of::<AuthorizedStage>().call(arguments);
        called.map_err(|error| (error.text, error.argument))
    }

    #[test]
    fn every_stage_is_named_with_its_project() {
        assert_eq!(call(&["shop", "prod"]), Ok("shop:prod".into()));
        assert_eq!(call(&["shop", "dev", "prod-eu"]), Ok("shop:dev,shop:prod-eu".into()));
    }

    #[test]
    fn what_kargo_would_not_understand_is_refused_at_its_argument() {
        for (arguments, at, rule) in [
            (&["shop"][..], None, "no stage is given"),
            (&["the shop", "prod"], Some(0), "the shop"),
            (&["shop", "prod", "shop:uat"], Some(2), "shop:uat"),
            (&["shop", "*"], Some(1), "*"),
        ] {
            let (text, argument) = call(arguments).unwrap_err();
            assert!(text.to_lowercase().contains(rule), "{text}");
            assert_eq!(argument, at, "{text}");
        }
    }
}
