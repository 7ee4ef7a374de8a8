//! A data source and an ephemeral resource of the provider for tests.

use std::time::{Duration, SystemTime};

use terraform_provider_gitops::framework::{
    Attr, DataSource, Diagnostics, Ephemeral, Error, Model, Opened, Path, Result, Secret,
};

use super::{Fake, Operation, hang};

/// Looks at a thing.
#[derive(Clone, Debug, Default, Model)]
pub(crate) struct Look {
    /// Its name.
    #[attr(required)]
    name: Attr<String>,
    /// Where it is.
    #[attr(default = "north", one_of = ["north", "south"])]
    zone: Attr<String>,
    /// What goes wrong with the look.
    fault: Attr<String>,
    /// Its size.
    #[attr(computed)]
    size: Attr<String>,
}

impl DataSource for Look {
    type Model = Self;
    type Provider = Fake;

    const NAME: &'static str = "look";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        if config.fault.as_str() == Some("blind") {
            let fault = Path::attribute("fault");
            diagnostics.invalid(fault, "Nothing to see", "The blind see no things.");
        }
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let name = config.name.require("name")?;
        cx.provider().backend.call(format!("look at {name}"));
        match config.fault.as_str() {
            Some("panic") => panic!("the lens broke"),
            Some("hang") => hang(cx).await?,
            _ => {}
        }
        let thing = cx.provider().backend.thing(name);
        let thing = thing.ok_or_else(|| Error::not_found("no such thing").at("name"))?;
        // What is configured comes back as it was, whatever is found.
        Ok(Self { size: thing.size, zone: "south".to_owned().into(), ..config })
    }
}

/// A pass to a thing.
#[derive(Clone, Debug, Default, Model)]
pub(crate) struct Pass {
    /// Name of the thing.
    #[attr(required)]
    name: Attr<String>,
    /// What goes wrong with it.
    #[attr(one_of = ["open", "renew", "close", "panic", "forever"])]
    fault: Attr<String>,
    /// The pass.
    #[attr(computed)]
    secret: Attr<Secret>,
}

impl Ephemeral for Pass {
    type Model = Self;
    type Provider = Fake;

    const NAME: &'static str = "pass";

    async fn open(cx: &Operation, config: Self) -> Result<Opened<Self>> {
        let name = config.name.require("name")?;
        cx.provider().backend.call(format!("open {name}"));
        let fault = config.fault.as_str().unwrap_or_default();
        match fault {
            "open" => return Err(Error::forbidden("no pass for you").at("name")),
            "panic" => panic!("the stamp broke"),
            _ => {}
        }
        cx.remember("name", name);
        cx.remember("fault", fault);
        let renew_at = (fault != "forever").then(|| at(100));
        Ok(Opened { result: Self { secret: Attr::Known("let me in".into()), ..config }, renew_at })
    }

    async fn renew(cx: &Operation) -> Result<Option<SystemTime>> {
        let (name, times) = recalled(cx);
        cx.provider().backend.call(format!("renew {name}"));
        cx.remember("times", times + 1);
        if cx.recall::<String>("fault").as_deref() == Some("renew") {
            return Err(Error::failed("the pass has ended"));
        }
        if times == 1 {
            cx.warn(Path::root(), "It ends soon", "It is not renewed a third time.");
        }
        Ok((times == 0).then(|| at(200)))
    }

    async fn close(cx: &Operation) -> Result<()> {
        let (name, times) = recalled(cx);
        cx.provider().backend.call(format!("close {name}, renewed {times} times"));
        match cx.recall::<String>("fault").as_deref() {
            Some("close") => Err(Error::failed("the pass is still in use")),
            _ => Ok(()),
        }
    }
}

fn recalled(cx: &Operation) -> (String, u64) {
    let name = cx.recall("name").unwrap_or_else(|| "nothing".to_owned());
    (name, cx.recall("times").unwrap_or_default())
}

/// Seconds after the beginning of time.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
