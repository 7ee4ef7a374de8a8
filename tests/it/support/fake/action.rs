//! An action of the provider for tests.

use std::time::Duration;

use terraform_provider_gitops::framework::{
    Action, Attr, Diagnostics, Error, Model, Path, Result, SendProgress,
};

use super::{Fake, Operation, hang};

/// Pokes a thing.
#[derive(Clone, Debug, Default, Model)]
pub(crate) struct Poke {
    /// Its name.
    #[attr(required)]
    name: Attr<String>,
    /// How often.
    #[attr(range(1, 5))]
    times: Attr<i64>,
    /// What goes wrong with it.
    fault: Attr<String>,
}

impl Action for Poke {
    type Config = Self;
    type Provider = Fake;

    const NAME: &'static str = "poke";

    fn timeout(config: &Self) -> Duration {
        let is_slow = config.fault.as_str() == Some("slow");
        if is_slow { Duration::from_millis(50) } else { Duration::from_mins(1) }
    }

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        if config.fault.as_str() == Some("fear") {
            let fault = Path::attribute("fault");
            diagnostics.invalid(fault, "Nobody dares", "The fearful poke no things.");
        }
    }

    fn plan(cx: &Operation, config: &Self) -> Result<()> {
        match config.fault.as_str() {
            Some("taboo") => Err(Error::invalid("it may not be poked").at("name")),
            Some("doubt") => {
                cx.warn(Path::attribute("name"), "Is that wise?", "It may poke back.");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn invoke(cx: &Operation, config: Self, progress: &SendProgress) -> Result<()> {
        let name = config.name.require("name")?;
        for time in 1..=config.times.known().copied().unwrap_or(1) {
            cx.provider().backend.call(format!("poke {name}"));
            progress.send(format!("poked {time}"));
        }
        match config.fault.as_str() {
            Some("panic") => panic!("the stick broke"),
            Some("hang" | "slow") => hang(cx).await,
            Some("back") => Err(Error::failed("it poked back").at("name").advise("Run.")),
            Some("doubt") => {
                cx.warn(Path::root(), "It looks angry", "Better leave it alone.");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
