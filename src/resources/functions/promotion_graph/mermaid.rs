//! The graph as a picture that GitHub, GitLab and many wikis draw.

use std::fmt::Write as _;

use super::{Request, Stage, Warehouse};
use crate::framework::Attr;

/// A flowchart from left to right: warehouses as stores, stages as boxes in their order. What an
/// arrow says is for how long freight soaks, and of which warehouse it is where there are several.
///
/// Unknown when a time to soak is.
pub(super) fn flowchart(warehouses: &[Warehouse], order: &[&Stage]) -> Attr<String> {
    let mut text = "flowchart LR\n".to_owned();
    // Names may hold what would be taken for syntax, so that nodes are numbered.
    for (at, warehouse) in warehouses.iter().enumerate() {
        line(&mut text, format_args!("w{at}[({:?})]", warehouse.name));
    }
    for (at, stage) in order.iter().enumerate() {
        line(&mut text, format_args!("s{at}[{:?}]", stage.name));
    }
    for (at, stage) in order.iter().enumerate() {
        for request in &stage.requests {
            let Some(said) = said(request, warehouses.len() > 1) else { return Attr::Unknown };
            let origin = warehouses.iter().position(|one| one.name == request.warehouse);
            if let Some(origin) = origin.filter(|_| request.direct) {
                line(&mut text, format_args!("w{origin} --> s{at}"));
            }
            let upstreams = request.stages.iter();
            for from in
                upstreams.filter_map(|upstream| order.iter().position(|one| one.name == *upstream))
            {
                line(&mut text, format_args!("s{from} -->{said} s{at}"));
            }
        }
    }
    text.into()
}

/// What is written at the arrows of a request between stages; `None` while it is not known.
fn said(request: &Request, several: bool) -> Option<String> {
    let soak = match &request.soak {
        Attr::Null => None,
        Attr::Unknown => return None,
        Attr::Known(time) => Some(format!("soaks {time}")),
    };
    let of = several.then(|| request.warehouse.clone());
    let words: Vec<_> = of.into_iter().chain(soak).collect();
    Some(if words.is_empty() { String::new() } else { format!("|{:?}|", words.join(", ")) })
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    let written = writeln!(text, "  {line}");
    debug_assert!(written.is_ok(), "a text takes all that is written");
}
