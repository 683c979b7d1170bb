//! JSON Schemas: of the report, and of the candidates that fit a program. Read by `dbm schema`, and by whoever makes candidates
//! (a language model can be held to it).
use crate::scalar::{KindId, Type};
use crate::structure::{Schema, Sort};
use serde_json::{Map, Value as Json, json};

/// The schema of the JSON report.
pub const REPORT: &str = include_str!("../../docs/schema/report.schema.json");

/// The schema of the answers about events.
pub const DECISION: &str = include_str!("../../docs/schema/decision.schema.json");

/// A schema of dbm's own candidate format, for the kinds of a program. What needs a look at the whole (dangling ends, cardinality,
/// ids that occur twice) no schema can say; the door does.
pub fn candidate(schema: &Schema, title: &str) -> Json {
    let mut properties = Map::new();
    for (sort, list) in [(Sort::Node, "nodes"), (Sort::Edge, "edges"), (Sort::Event, "events")] {
        let kinds: Vec<Json> = schema.of_sort(sort).map(|k| element(schema, k)).collect();
        let items = if kinds.is_empty() { json!(false) } else { json!({ "oneOf": kinds }) };
        properties.insert(list.into(), json!({ "type": "array", "items": items }));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Amounts of units, each smaller than the one before: `1h30m`.
fn duration() -> String {
    let amount = |unit: &str| format!("[0-9]([0-9_]*[0-9])?{unit}");
    let units = ["d", "h", "m", "s", "ms", "us"];
    let from = |n: usize| {
        let rest = units.iter().skip(n + 1).map(|u| format!("({})?", amount(u)));
        units.get(n).map(|u| amount(u)).into_iter().chain(rest).collect::<String>()
    };
    format!("^-?({})$", (0..units.len()).map(from).collect::<Vec<_>>().join("|"))
}

fn element(schema: &Schema, id: KindId) -> Json {
    let Some(kind) = schema.kind(id) else { return json!(false) };
    let mut properties = Map::new();
    let mut required = vec!["kind"];
    properties.insert("kind".into(), json!({ "const": &*kind.name }));
    let text = || json!({ "type": "string" });
    match kind.sort {
        Sort::Node => {
            properties.insert("id".into(), text());
            required.push("id");
        }
        Sort::Edge => {
            properties.insert("id".into(), json!({ "type": ["string", "null"] }));
            let ends = kind.ends.as_ref();
            for (name, end) in [("from", ends.map(|e| &e.0)), ("to", ends.map(|e| &e.1))] {
                let kinds = end.map(|k| schema.below(Sort::Node, k)).unwrap_or_default();
                let names: Vec<&str> = kinds.iter().map(|k| schema.name(*k)).collect();
                properties.insert(
                    name.into(),
                    json!({ "type": "string", "description": format!("the id of a {}", names.join(" or ")) }),
                );
                required.push(name);
            }
        }
        Sort::Event => {
            properties.insert("id".into(), text());
            properties.insert("at".into(), json!({ "type": "string", "format": "date-time" }));
            required.extend(["id", "at"]);
        }
    }
    for attr in schema.attrs_of(id).iter().filter_map(|a| schema.attr(*a)).filter(|a| !a.mechanism) {
        let needed = attr.default.is_none() && !attr.ty.is_optional();
        let mut shape = of_type(schema, attr.ty.present());
        if !needed {
            shape = json!({ "anyOf": [shape, { "type": "null" }] });
        }
        if let (Some(doc), Json::Object(map)) = (&attr.doc, &mut shape) {
            map.insert("description".into(), json!(doc.trim()));
        }
        properties.insert(attr.name.to_string(), shape);
        if needed {
            required.push(&attr.name);
        }
    }
    let mut shape =
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": kind.open });
    if let (Some(doc), Json::Object(map)) = (&kind.doc, &mut shape) {
        map.insert("description".into(), json!(doc.trim()));
    }
    shape
}

fn of_type(schema: &Schema, ty: &Type) -> Json {
    let kinds = |sort, kinds| {
        let names: Vec<&str> = schema.below(sort, kinds).iter().map(|k| schema.name(*k)).collect();
        json!({ "type": "string", "description": format!("the id of a {}", names.join(" or ")) })
    };
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int(None) => json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX }),
        Type::Int(Some((least, most))) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Type::Float(None) => json!({ "type": "number" }),
        Type::Float(Some((least, most))) => json!({ "type": "number", "minimum": least.get(), "maximum": most.get() }),
        Type::Text => json!({ "type": "string" }),
        Type::Literals(texts) => json!({ "enum": texts.iter().map(|t| &**t).collect::<Vec<&str>>() }),
        Type::Time => json!({ "type": "string", "format": "date-time" }),
        Type::Duration => json!({ "type": "string", "pattern": duration() }),
        Type::List(of) => json!({ "type": "array", "items": of_type(schema, of) }),
        Type::Optional(of) => json!({ "anyOf": [of_type(schema, of), { "type": "null" }] }),
        Type::Node(k) => kinds(Sort::Node, k),
        Type::Edge(k) => kinds(Sort::Edge, k),
        Type::Event(k) => kinds(Sort::Event, k),
        Type::None => json!({ "type": "null" }),
        Type::Json | Type::Error => json!(true),
    }
}
