//! The ways of freight, and what is wrong with them.

use std::collections::HashMap;

use super::{Request, Stage, Warehouse};

/// The stages, each behind those that it takes freight from, and otherwise in the order given.
///
/// # Errors
/// Every mistake, in words that name the stage.
pub(super) fn order<'a>(
    warehouses: &[Warehouse],
    stages: &'a [Stage],
) -> Result<Vec<&'a Stage>, Vec<String>> {
    let mut mistakes = Vec::new();
    twice("warehouse", warehouses.iter().map(|one| one.name.as_str()), &mut mistakes);
    twice("stage", stages.iter().map(|one| one.name.as_str()), &mut mistakes);
    projects(warehouses, stages, &mut mistakes);
    let graph = Graph {
        warehouses: warehouses.iter().map(|one| one.name.as_str()).collect(),
        stages: stages.iter().map(|one| (one.name.as_str(), one)).collect(),
    };
    for stage in stages {
        graph.check(stage, &mut mistakes);
    }
    let (order, left) = sorted(stages);
    if !left.is_empty() {
        mistakes.push(circle(&left));
    }
    if mistakes.is_empty() { Ok(order) } else { Err(mistakes) }
}

struct Graph<'a> {
    warehouses: Vec<&'a str>,
    stages: HashMap<&'a str, &'a Stage>,
}

impl Graph<'_> {
    fn check(&self, stage: &Stage, mistakes: &mut Vec<String>) {
        let name = &stage.name;
        if stage.requests.is_empty() {
            mistakes.push(format!(
                "no freight ever reaches stage {name:?}: its requested_freight is empty"
            ));
        }
        for (at, request) in stage.requests.iter().enumerate() {
            let warehouse = &request.warehouse;
            if !self.warehouses.contains(&warehouse.as_str()) {
                mistakes.push(format!(
                    "stage {name:?} requests freight of warehouse {warehouse:?}, which is not among \
                     the warehouses{}",
                    known(&self.warehouses)
                ));
            }
            if !request.direct && request.stages.is_empty() {
                mistakes.push(format!(
                    "no freight of warehouse {warehouse:?} ever reaches stage {name:?}: \
                     requested_freight[{at}].sources has neither direct = true nor stages"
                ));
            }
            for upstream in &request.stages {
                self.check_upstream(name, request, upstream, mistakes);
            }
        }
    }

    fn check_upstream(
        &self,
        name: &str,
        request: &Request,
        upstream: &str,
        mistakes: &mut Vec<String>,
    ) {
        let warehouse = &request.warehouse;
        match self.stages.get(upstream) {
            None => {
                let mut names: Vec<_> = self.stages.keys().copied().collect();
                names.sort_unstable();
                mistakes.push(format!(
                    "stage {name:?} takes freight from stage {upstream:?}, which is not among the \
                     stages{}",
                    known(&names)
                ));
            }
            Some(found) if !found.warehouses().any(|taken| taken == warehouse) => {
                mistakes.push(format!(
                    "stage {name:?} waits for freight of warehouse {warehouse:?} from stage \
                     {upstream:?}, which takes none of it"
                ));
            }
            Some(_) => {}
        }
    }
}

/// What there is, for one who has mistyped a name.
fn known(names: &[&str]) -> String {
    const MOST: usize = 10;
    let shown: Vec<_> = names.iter().take(MOST).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > MOST { ", …" } else { "" };
    if shown.is_empty() { String::new() } else { format!(" ({}{more})", shown.join(", ")) }
}

fn twice<'a>(what: &str, names: impl Iterator<Item = &'a str>, mistakes: &mut Vec<String>) {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for name in names {
        let times = times.entry(name).or_default();
        *times += 1;
        if *times == 2 {
            mistakes.push(format!("there is more than one {what} {name:?}"));
        }
    }
}

/// Freight does not leave its project.
fn projects(warehouses: &[Warehouse], stages: &[Stage], mistakes: &mut Vec<String>) {
    let warehouses = warehouses.iter().map(|one| ("warehouse", &one.name, &one.namespace));
    let stages = stages.iter().map(|one| ("stage", &one.name, &one.namespace));
    let mut told = warehouses
        .chain(stages)
        .filter_map(|(what, name, project)| Some((what, name, project.as_ref()?)));
    let Some((first_what, first, project)) = told.next() else { return };
    if let Some((what, name, other)) = told.find(|(.., other)| *other != project) {
        mistakes.push(format!(
            "{what} {name:?} is of project {other:?}, and {first_what} {first:?} of project \
             {project:?}; freight does not leave its project"
        ));
    }
}

/// The stages in order, and those that have no place in it. Stages that are not there hold up
/// nobody.
fn sorted(stages: &[Stage]) -> (Vec<&Stage>, Vec<&Stage>) {
    let (mut order, mut left): (Vec<&Stage>, Vec<&Stage>) = (Vec::new(), stages.iter().collect());
    loop {
        let waits = |stage: &Stage| {
            let mut upstreams = stage.requests.iter().flat_map(|request| &request.stages);
            upstreams.any(|upstream| left.iter().any(|one| one.name == *upstream))
        };
        let Some(next) = left.iter().position(|stage| !waits(stage)) else { return (order, left) };
        order.push(left.remove(next));
    }
}

/// The circle that is among stages of which each waits for another of them.
fn circle(left: &[&Stage]) -> String {
    let mut way: Vec<&Stage> = Vec::new();
    let mut at = left.first().copied();
    while let Some(stage) = at {
        if let Some(begin) = way.iter().position(|passed| passed.name == stage.name) {
            way.drain(..begin);
            way.push(stage);
            break;
        }
        way.push(stage);
        let mut upstreams = stage.requests.iter().flat_map(|request| &request.stages);
        at = upstreams.find_map(|upstream| left.iter().find(|one| one.name == *upstream)).copied();
    }
    let way: Vec<_> = way.iter().map(|stage| format!("{:?}", stage.name)).collect();
    match way.as_slice() {
        [one, _] => format!("stage {one} takes freight from itself"),
        [first, rest @ ..] => {
            let rest = rest.join(", which takes it from ");
            format!("stages wait for each other in a circle: {first} takes freight from {rest}")
        }
        [] => String::new(),
    }
}
