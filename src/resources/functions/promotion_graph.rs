//! How freight flows through the stages of a pipeline, and where it cannot.

mod flow;
mod mermaid;
mod read;

use std::collections::BTreeMap;

use crate::framework::{Attr, Dynamic, Error, Function, Model, Result};

/// Works out how freight flows from the warehouses of a Kargo project through its stages, and refuses
/// stages to which none can ever come.
///
/// Kargo takes every stage by itself: one that waits for a stage which is not there, or in a circle,
/// waits without a word. Here it is an error that names the stage, at the plan already. It is one
/// when
///
/// - stages wait for each other in a circle;
/// - a stage takes freight from a stage that is not among `stages`, or of a warehouse that is not
///   among `warehouses`;
/// - a stage takes freight from nowhere: it has no `requested_freight`, or one whose `sources` have
///   neither `direct = true` nor `stages`;
/// - a stage waits for freight of a warehouse from a stage that does not take freight of it;
/// - two stages, or two warehouses, have the same name, or they are of different projects.
#[derive(Clone, Debug, Default, Model)]
pub struct PromotionGraph {
    /// The warehouses of the project: a list of objects with `name`, such as the resources
    /// `gitops_kargo_warehouse` themselves; or a map of such objects, as a resource with `for_each`
    /// is.
    #[attr(required)]
    warehouses: Attr<Dynamic>,
    /// Its stages, likewise: objects with `name` and `requested_freight`, which is written as in
    /// `gitops_kargo_stage`. Other attributes are not looked at, and may be unknown.
    #[attr(required)]
    stages: Attr<Dynamic>,
}

/// How freight flows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Graph {
    /// The stages, each behind those that it takes freight from.
    order: Attr<Vec<String>>,
    /// The stages that each stage takes freight from.
    upstreams: Attr<BTreeMap<String, Vec<String>>>,
    /// The warehouses whose freight reaches each stage.
    warehouses: Attr<BTreeMap<String, Vec<String>>>,
    /// The graph as a flowchart of Mermaid.
    mermaid: Attr<String>,
}

impl Function for PromotionGraph {
    type Parameters = Self;
    type Output = Graph;

    const NAME: &'static str = "promotion_graph";
    const SUMMARY: &'static str = "Checks and describes the stages of a Kargo project";
    const RETURNS: &'static str = "an object with `order` (the stages, each behind those that it takes \
         freight from), `upstreams` (a map from every stage to the stages that it takes freight from), \
         `warehouses` (a map from every stage to the warehouses whose freight reaches it) and \
         `mermaid` (the graph as a flowchart of Mermaid, for documentation).";
    // A resource that is yet to be made has parts that are known later, and is checked all the same.
    const UNKNOWNS: bool = true;

    fn call(parameters: Self) -> Result<Graph> {
        let warehouses = read::warehouses(&parameters.warehouses)?;
        let stages = read::stages(&parameters.stages)?;
        let (Some(warehouses), Some(stages)) = (warehouses, stages) else {
            return Ok(Graph {
                order: Attr::Unknown,
                upstreams: Attr::Unknown,
                warehouses: Attr::Unknown,
                mermaid: Attr::Unknown,
            });
        };
        let order = flow::order(&warehouses, &stages)
            .map_err(|mistakes| Error::invalid(listed(&mistakes)).at("stages"))?;
        let upstreams = stages.iter().map(|stage| (stage.name.clone(), stage.upstreams()));
        let reached = stages.iter().map(|stage| {
            // What is requested comes, since every way back ends at its warehouse.
            let mut warehouses: Vec<_> = stage.warehouses().map(str::to_owned).collect();
            warehouses.sort();
            (stage.name.clone(), warehouses)
        });
        Ok(Graph {
            upstreams: upstreams.collect::<BTreeMap<_, _>>().into(),
            warehouses: reached.collect::<BTreeMap<_, _>>().into(),
            mermaid: mermaid::flowchart(&warehouses, &order),
            order: order.iter().map(|stage| stage.name.clone()).collect::<Vec<_>>().into(),
        })
    }
}

/// A warehouse.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Warehouse {
    name: String,
    /// The project, where it is told.
    namespace: Option<String>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stage {
    name: String,
    /// The project, where it is told.
    namespace: Option<String>,
    requests: Vec<Request>,
}

/// Freight that a stage takes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    warehouse: String,
    direct: bool,
    stages: Vec<String>,
    /// For how long it has to soak. It changes no flow, so that it may be unknown.
    soak: Attr<String>,
}

impl Stage {
    /// The stages that it takes freight from, each once.
    fn upstreams(&self) -> Vec<String> {
        let mut upstreams: Vec<_> =
            self.requests.iter().flat_map(|request| request.stages.iter().cloned()).collect();
        upstreams.sort();
        upstreams.dedup();
        upstreams
    }

    /// The warehouses that it takes freight of.
    fn warehouses(&self) -> impl Iterator<Item = &str> {
        self.requests.iter().map(|request| request.warehouse.as_str())
    }
}

/// One mistake as it is, and several as a list.
fn listed(mistakes: &[String]) -> String {
    match mistakes {
        [one] => one.clone(),
        several => {
            let lines: Vec<_> = several.iter().map(|mistake| format!("\n- {mistake}")).collect();
            format!("freight cannot flow through these stages:{}", lines.concat())
        }
    }
}

#[cfg(test)]
mod tests;
