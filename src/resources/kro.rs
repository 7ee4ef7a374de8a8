//! kro: its definitions of resource graphs.

mod check;
pub mod resource_graph_definition;
pub mod rules;
