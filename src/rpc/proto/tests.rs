//! The numbers on the wire, held against a table of their own.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet, ServiceDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

const NUMBERS: &str = include_str!("numbers.txt");

fn tfplugin6() -> FileDescriptorProto {
    let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
    let files = FileDescriptorSet::decode(bytes.as_slice()).unwrap().file;
    files.into_iter().find(|file| file.package() == "tfplugin6").unwrap()
}

#[test]
fn every_number_on_the_wire_is_the_one_of_the_table() {
    let file = tfplugin6();
    let mut lines = Vec::new();
    for message in &file.message_type {
        write_message("", message, &mut lines);
    }
    for item in &file.enum_type {
        write_enum("", item, &mut lines);
    }
    for service in &file.service {
        assert_eq!(service.name(), "Provider");
        write_calls(service, &mut lines);
    }

    let table = NUMBERS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let expected: BTreeSet<String> = table.map(str::to_owned).collect();
    let actual: BTreeSet<String> = lines.into_iter().collect();
    let missing: Vec<_> = expected.difference(&actual).collect();
    let unexpected: Vec<_> = actual.difference(&expected).collect();
    assert!(
        missing.is_empty() && unexpected.is_empty(),
        "in the table only: {missing:#?}\nin the .proto file only: {unexpected:#?}"
    );
}

#[test]
fn the_table_is_whole() {
    let count = |prefix: &str| NUMBERS.lines().filter(|line| line.starts_with(prefix)).count();
    let fields: usize = NUMBERS
        .lines()
        .filter(|line| line.starts_with("message ") && !line.ends_with("{}"))
        .map(|line| line.split("; ").count())
        .sum();
    assert_eq!((count("rpc "), count("enum "), fields), (36, 5, 296));
}

fn write_message(outer: &str, message: &DescriptorProto, lines: &mut Vec<String>) {
    let name = format!("{outer}{}", message.name());
    let scope = format!("{name}.");
    let mut fields: Vec<_> = message.field.iter().collect();
    fields.sort_by_key(|field| field.number());
    let fields: Vec<_> = fields.into_iter().map(|field| show_field(message, field)).collect();
    lines.push(match fields.as_slice() {
        [] => format!("message {name} {{}}"),
        fields => format!("message {name} {{ {} }}", fields.join("; ")),
    });
    for nested in message.nested_type.iter().filter(|nested| !is_map_entry(nested)) {
        write_message(&scope, nested, lines);
    }
    for item in &message.enum_type {
        write_enum(&scope, item, lines);
    }
}

fn write_enum(outer: &str, item: &EnumDescriptorProto, lines: &mut Vec<String>) {
    let values: Vec<_> =
        item.value.iter().map(|value| format!("{} {}", value.number(), value.name())).collect();
    lines.push(format!("enum {outer}{} {{ {} }}", item.name(), values.join("; ")));
}

fn write_calls(service: &ServiceDescriptorProto, lines: &mut Vec<String>) {
    let side = |streaming: bool, ty: &str| {
        format!("{}{}", if streaming { "stream " } else { "" }, local(ty))
    };
    for call in &service.method {
        lines.push(format!(
            "rpc {}({}) returns ({})",
            call.name(),
            side(call.client_streaming(), call.input_type()),
            side(call.server_streaming(), call.output_type()),
        ));
    }
}

fn show_field(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let entry = message
        .nested_type
        .iter()
        .find(|nested| is_map_entry(nested) && field.type_name().ends_with(nested.name()));
    let ty = match entry {
        Some(entry) => {
            format!("map<{},{}>", show_type(&entry.field[0]), show_type(&entry.field[1]))
        }
        None if field.label() == Label::Repeated => format!("[]{}", show_type(field)),
        None if field.proto3_optional() => format!("?{}", show_type(field)),
        None => show_type(field),
    };
    let oneof = match field.oneof_index {
        // An optional field is alone in a oneof of the compiler's making.
        Some(index) if !field.proto3_optional() => {
            let index = usize::try_from(index).unwrap();
            format!(" |{}", message.oneof_decl[index].name())
        }
        _ => String::new(),
    };
    format!("{} {}: {ty}{oneof}", field.number(), field.name())
}

fn show_type(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => local(field.type_name()).to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    }
}

fn local(type_name: &str) -> &str {
    let absolute = type_name.trim_start_matches('.');
    absolute.strip_prefix("tfplugin6.").unwrap_or(absolute)
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}
