//! The arguments as warehouses and stages.
//!
//! They are of dynamic type: resources have dozens of attributes, and whoever writes a stage by hand
//! writes two of them. `None` stands for what is not known yet.

use super::{Request, Stage, Warehouse};
use crate::framework::checks::same_go_duration;
use crate::framework::value::Object;
use crate::framework::{Attr, Dynamic, Error, Path, Result, Value};

/// The warehouses.
///
/// # Errors
/// When the argument is of another shape.
pub(super) fn warehouses(argument: &Attr<Dynamic>) -> Result<Option<Vec<Warehouse>>> {
    each(argument, "warehouses", |warehouse| {
        let Some(name) = warehouse.text("name")? else { return Ok(None) };
        Ok(Some(Warehouse { name, namespace: warehouse.project() }))
    })
}

/// The stages.
///
/// # Errors
/// When the argument is of another shape.
pub(super) fn stages(argument: &Attr<Dynamic>) -> Result<Option<Vec<Stage>>> {
    each(argument, "stages", |stage| {
        let Some(name) = stage.text("name")? else { return Ok(None) };
        let requested = stage.field("requested_freight");
        let Some(requested) = requested.elements()? else { return Ok(None) };
        let requests = requested.iter().map(request).collect::<Result<Option<_>>>()?;
        Ok(requests.map(|requests| Stage { name, namespace: stage.project(), requests }))
    })
}

fn request(request: &At<'_>) -> Result<Option<Request>> {
    let origin = request.field("origin");
    let warehouse = origin.object()?.map(|_| origin.text("name")).transpose()?.flatten();
    let sources = request.field("sources");
    // Without sources nothing comes, which is for the graph to say.
    let nothing = sources.value.is_null();
    if !nothing && sources.object()?.is_none() {
        return Ok(None);
    }
    let direct = match sources.get("direct") {
        Value::Null => false,
        Value::Bool(direct) => *direct,
        Value::Unknown => return Ok(None),
        _ => return Err(sources.field("direct").is_no("true or false")),
    };
    let upstreams = sources.field("stages");
    let stages = if upstreams.value.is_null() { Some(Vec::new()) } else { upstreams.elements()? };
    let stages = stages.map(|stages| stages.iter().map(At::as_text).collect());
    let Some(stages) = stages.transpose()?.flatten() else { return Ok(None) };
    let soak = match sources.get("required_soak_time") {
        // As much as none at all.
        Value::String(time) if same_go_duration(time, "0s") => Attr::Null,
        Value::String(time) => Attr::Known(time.clone()),
        Value::Unknown => Attr::Unknown,
        Value::Null => Attr::Null,
        _ => return Err(sources.field("required_soak_time").is_no("text")),
    };
    Ok(warehouse.map(|warehouse| Request { warehouse, direct, stages, soak }))
}

/// What `read` makes of every element of an argument; it is not called for what is unknown.
fn each<T>(
    argument: &Attr<Dynamic>,
    parameter: &str,
    read: impl Fn(&At<'_>) -> Result<Option<T>>,
) -> Result<Option<Vec<T>>> {
    let Attr::Known(argument) = argument else { return Ok(None) };
    let whole = At { path: Path::attribute(parameter), value: &argument.value };
    let Some(elements) = whole.elements().map_err(|error| error.at(parameter))? else {
        return Ok(None);
    };
    let found = elements.iter().map(|element| {
        let known = element.object()?.is_some();
        if known { read(element) } else { Ok(None) }
    });
    found.collect::<Result<Option<_>>>().map_err(|error| error.at(parameter))
}

/// A value and where it is.
struct At<'a> {
    path: Path,
    value: &'a Value,
}

impl<'a> At<'a> {
    fn get(&self, name: &str) -> &'a Value {
        self.value.get(name)
    }

    fn field(&self, name: &str) -> Self {
        Self { path: self.path.field(name), value: self.get(name) }
    }

    /// The elements of a list, a set, a tuple or a map.
    fn elements(&self) -> Result<Option<Vec<Self>>> {
        match self.value {
            Value::Unknown => Ok(None),
            Value::List(elements) => {
                let elements = elements.iter().enumerate();
                Ok(Some(
                    elements.map(|(at, value)| Self { path: self.path.index(at), value }).collect(),
                ))
            }
            // An object that stands alone has a name, and none of its attributes is one.
            Value::Object(elements)
                if !elements.values().any(|one| matches!(one, Value::String(_))) =>
            {
                let elements = elements.iter();
                Ok(Some(
                    elements.map(|(key, value)| Self { path: self.path.key(key), value }).collect(),
                ))
            }
            _ => Err(self.is_no("a list or a map of objects")),
        }
    }

    fn object(&self) -> Result<Option<&'a Object>> {
        match self.value {
            Value::Unknown => Ok(None),
            Value::Object(object) => Ok(Some(object)),
            _ => Err(self.is_no("an object")),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        self.field(name).as_text()
    }

    fn as_text(&self) -> Result<Option<String>> {
        match self.value {
            Value::Unknown => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(self.is_no("text")),
        }
    }

    fn project(&self) -> Option<String> {
        self.get("namespace").as_str().map(str::to_owned)
    }

    fn is_no(&self, wanted: &str) -> Error {
        let Self { path, value } = self;
        Error::invalid(if value.is_null() {
            format!("nothing is at {path}, where {wanted} is expected")
        } else {
            format!("what is at {path} is not {wanted}")
        })
    }
}
