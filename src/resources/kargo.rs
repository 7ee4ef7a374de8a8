//! Kargo: its objects in a cluster, and what they have in common.

pub mod annotation;
mod check;
pub mod cluster_config;
pub mod cluster_promotion_task;
pub mod credentials;
pub mod duration;
pub mod freight;
pub mod project;
pub mod project_config;
pub mod promotion;
pub mod promotion_task;
pub mod refresh;
pub mod role;
pub mod rules;
pub mod stage;
pub mod steps;
pub mod wait;
pub mod warehouse;

use crate::framework::{Attr, Model};

/// A variable for expressions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Variable {
    /// Its name: letters, digits and `_`, not beginning with a digit.
    #[attr(required, check = variable_name)]
    pub name: Attr<String>,
    /// Its value, which may have expressions in it (`$${{ ... }}` in a Terraform string).
    pub value: Attr<String>,
}

/// The pattern of the custom resource definitions: `^[a-zA-Z_]\w*$`.
fn variable_name(name: &str) -> Result<(), String> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(format!(
        "{name:?} is no name for a variable: letters, digits and '_', not beginning with a digit"
    ))
}

/// The rule `minLength: 1` of the custom resource definitions.
fn filled(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_variable_is_what_an_expression_can_say() {
        for good in ["a", "_", "imageRepo", "x_1"] {
            assert_eq!(variable_name(good), Ok(()), "{good}");
        }
        for bad in ["", "1a", "a-b", "a.b", "é"] {
            assert!(variable_name(bad).is_err(), "{bad:?}");
        }
    }
}
