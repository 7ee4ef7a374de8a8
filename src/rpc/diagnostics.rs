//! Messages and paths as protobuf.

use super::{proto, wire};
use crate::framework::configured::Configured;
use crate::framework::schema::{Attribute, Kind};
use crate::framework::{Diagnostic, Diagnostics, Path, Result, Severity, Step};

/// What there is to say of a configuration as it was sent.
pub(super) fn checked<W>(
    block: &Configured<W>,
    config: Option<&proto::DynamicValue>,
) -> Result<Diagnostics> {
    let config = wire::read(block.schema(), config)?;
    Ok(located(&block.schema().attributes, block.validate(&config)))
}

/// Messages about a configuration of these attributes, with paths at which core finds the line.
///
/// Core follows a path through blocks and up to an attribute. Of what is nested in an attribute it
/// shows the head of the whole block, or the line of a top-level attribute that happens to have the
/// same name as the last step. So the path ends at the attribute, and the text has all of it.
pub(super) fn located(attributes: &[Attribute], found: Diagnostics) -> Diagnostics {
    found.map(|mut diagnostic| {
        let line = line(attributes, &diagnostic.path);
        if line != diagnostic.path {
            let whole = diagnostic.path.to_string();
            if !diagnostic.summary.contains(&whole) && !diagnostic.detail.contains(&whole) {
                diagnostic.detail = format!("{}\n\nThis is about {whole}.", diagnostic.detail);
            }
            diagnostic.path = line;
        }
        diagnostic
    })
}

/// The start of a path up to the first attribute that is no block.
fn line(attributes: &[Attribute], path: &Path) -> Path {
    let mut within = attributes;
    let mut line = Path::root();
    for step in path.steps() {
        line = line.join(step.clone());
        let Step::Attribute(name) = step else { continue };
        match within.iter().find(|attribute| attribute.name == name) {
            Some(Attribute { block: true, kind: Kind::Nested(_, inner), .. }) => within = inner,
            _ => break,
        }
    }
    line
}

/// All messages of a call.
pub(super) fn diagnostics(diagnostics: Diagnostics) -> Vec<proto::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> proto::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => proto::diagnostic::Severity::Error,
        Severity::Warning => proto::diagnostic::Severity::Warning,
    };
    proto::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        // Without a path the message is about the whole block.
        attribute: (!diagnostic.path.is_root()).then(|| path(&diagnostic.path)),
    }
}

/// A path, step by step.
pub(super) fn path(path: &Path) -> proto::AttributePath {
    use proto::attribute_path::step::Selector;
    let step = |step: &Step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => {
                Selector::ElementKeyInt(i64::try_from(*index).unwrap_or(i64::MAX))
            }
        };
        proto::attribute_path::Step { selector: Some(selector) }
    };
    proto::AttributePath { steps: path.steps().iter().map(step).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::{Attr, Model};

    /// Something with an attribute, a block, and an object.
    #[derive(Clone, Debug, Default, Model)]
    struct Outer {
        /// An attribute.
        name: Attr<String>,
        /// A block.
        #[attr(block)]
        block: Attr<Vec<Inner>>,
        /// An object.
        object: Attr<Inner>,
    }

    /// What is inside.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
    struct Inner {
        /// An attribute.
        name: Attr<String>,
    }

    #[test]
    fn a_message_is_at_the_line_that_core_can_find_and_says_where_it_is_about() {
        let at = |path: Path| {
            let mut found = Diagnostics::default();
            found.invalid(path, "Wrong", "It is wrong.");
            let found = located(&Outer::attributes(), found);
            let found = found.into_iter().next().unwrap();
            (found.path.to_string(), found.detail)
        };
        let plain = "It is wrong.".to_owned();
        assert_eq!(at(Path::root()), (String::new(), plain.clone()));
        assert_eq!(at(Path::attribute("name")), ("name".into(), plain.clone()));
        // A block is looked into.
        let block = Path::attribute("block").index(0).field("name");
        assert_eq!(at(block), ("block[0].name".into(), plain));
        let nested = Path::attribute("object").field("name");
        let detail = "It is wrong.\n\nThis is about object.name.";
        assert_eq!(at(nested), ("object".into(), detail.into()));
    }
}
