//! Where in a resource's configuration something is.

use std::fmt;

/// One step from a value to a value inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Attribute of an object, or the name of a block.
    Attribute(String),
    /// Element of a list or tuple, counted from 0.
    Index(usize),
    /// Element of a map.
    Key(String),
}

/// Path of an attribute, from the root of the resource's configuration.
///
/// Displayed as a user would write it in an expression:
/// `source.helm.parameters[0].name`, `labels["team"]`. The empty path means
/// the whole resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Step>);

impl Path {
    /// The whole resource.
    pub fn root() -> Self {
        Self::default()
    }

    /// A top-level attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self(vec![Step::Attribute(name.into())])
    }

    /// This path, one attribute deeper.
    #[must_use]
    pub fn field(&self, name: impl Into<String>) -> Self {
        self.join(Step::Attribute(name.into()))
    }

    /// This path, at a list element.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.join(Step::Index(index))
    }

    /// This path, at a map element.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.join(Step::Key(key.into()))
    }

    /// This path, one step deeper.
    #[must_use]
    pub fn join(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Paths as the subject of a sentence: `a is`, `a and b are`, `a, b and c are`.
    pub fn are(paths: &[Self]) -> String {
        let names: Vec<_> = paths.iter().map(ToString::to_string).collect();
        match names.split_last() {
            Some((last, [])) => format!("{last} is"),
            Some((last, others)) => format!("{} and {last} are", others.join(", ")),
            None => "nothing is".to_owned(),
        }
    }

    /// Whether this is the whole resource.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Path {
    fn from(name: &str) -> Self {
        Self::attribute(name)
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if at == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_an_expression() {
        let path = Path::attribute("sources").index(2).field("labels").key("a b");
        assert_eq!(path.to_string(), r#"sources[2].labels["a b"]"#);
        assert_eq!(Path::root().to_string(), "");
    }

    #[test]
    fn paths_are_the_subject_of_a_sentence() {
        let paths = ["a", "b", "c"].map(Path::from);
        assert_eq!(Path::are(&paths[..1]), "a is");
        assert_eq!(Path::are(&paths[..2]), "a and b are");
        assert_eq!(Path::are(&paths), "a, b and c are");
    }
}
