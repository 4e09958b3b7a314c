//! The OpenAPI document as its page shows it. Pure: it knows nothing but the document.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value has null for what is not there, and takes what is put"
)]

use serde::Serialize;
use serde_json::{Map, Value};

/// The whole page.
#[derive(Debug, Serialize)]
pub struct Docs {
    about: String,
    server: String,
    sections: Vec<Section>,
    objects: Vec<Object>,
}

/// Operations that belong together.
#[derive(Debug, Serialize)]
struct Section {
    name: String,
    operations: Vec<Operation>,
}

#[derive(Debug, Serialize)]
struct Operation {
    method: String,
    path: String,
    summary: String,
    who: String,
    takes: Vec<Field>,
    body: Option<Kind>,
    answers: Vec<Reply>,
}

#[derive(Debug, Serialize)]
struct Reply {
    status: String,
    description: String,
    body: Option<Kind>,
}

#[derive(Debug, Serialize)]
struct Object {
    name: String,
    description: String,
    /// What it is, when it has no fields.
    kind: Option<Kind>,
    fields: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Field {
    name: String,
    place: String,
    needed: bool,
    kind: Kind,
    description: String,
}

/// A type in words, and the object it names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Kind {
    before: String,
    object: Option<String>,
}

impl Docs {
    /// The page of `document`.
    pub fn new(document: &Value) -> Self {
        let mut sections: Vec<Section> = Vec::new();
        for (path, methods) in map(&document["paths"]) {
            for (method, described) in map(methods) {
                let name = text(&described["tags"][0]);
                let operation = operation(path, method, described);
                match sections.iter_mut().find(|section| section.name == name) {
                    Some(section) => section.operations.push(operation),
                    None => sections.push(Section { name, operations: vec![operation] }),
                }
            }
        }
        Docs {
            about: text(&document["info"]["description"]),
            server: text(&document["servers"][0]["url"]),
            sections,
            objects: map(&document["components"]["schemas"])
                .map(|(name, schema)| object(name, schema))
                .collect(),
        }
    }
}

fn operation(path: &str, method: &str, described: &Value) -> Operation {
    let takes = described["parameters"].as_array().into_iter().flatten().map(|parameter| Field {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        needed: parameter["required"] == true,
        kind: kind(&parameter["schema"]),
        description: text(&parameter["description"]),
    });
    let answers = map(&described["responses"]).map(|(status, reply)| Reply {
        status: status.clone(),
        description: text(&reply["description"]),
        body: content(reply),
    });
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&described["summary"]),
        who: text(&described["x-who"]),
        takes: takes.collect(),
        body: content(&described["requestBody"]),
        answers: answers.collect(),
    }
}

/// The type of the JSON that `holder` has.
fn content(holder: &Value) -> Option<Kind> {
    map(&holder["content"]).next().map(|(_, content)| kind(&content["schema"]))
}

fn object(name: &str, schema: &Value) -> Object {
    let is_needed = |name: &str| schema["required"].as_array().into_iter().flatten().any(|one| one == name);
    let fields = map(&schema["properties"]).map(|(name, property)| Field {
        name: name.clone(),
        place: String::new(),
        needed: is_needed(name),
        kind: kind(property),
        description: text(&property["description"]),
    });
    let fields: Vec<Field> = fields.collect();
    Object {
        name: name.to_owned(),
        description: text(&schema["description"]),
        kind: fields.is_empty().then(|| kind(schema)),
        fields,
    }
}

/// A schema in words.
fn kind(schema: &Value) -> Kind {
    if let Some(name) = schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()) {
        return Kind { before: String::new(), object: Some(name.to_owned()) };
    }
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choices) = choices {
        let kinds: Vec<Kind> = choices.iter().map(kind).collect();
        let words: Vec<&str> =
            kinds.iter().map(|kind| kind.before.as_str()).filter(|words| !words.is_empty()).collect();
        let object = kinds.iter().find_map(|kind| kind.object.clone());
        let or = if object.is_some() && !words.is_empty() { " or " } else { "" };
        return Kind { before: format!("{}{or}", words.join(" or ")), object };
    }
    if let Some(values) = schema["enum"].as_array() {
        let before = values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        return Kind { before, object: None };
    }
    let words = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        one => text(one),
    };
    if words.contains("array") {
        let Kind { before, object } = kind(&schema["items"]);
        return Kind { before: format!("{words} of {before}"), object };
    }
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    Kind {
        before: if words.is_empty() { "anything".to_owned() } else { format!("{words}{format}") },
        object: None,
    }
}

fn map(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// A text, without the marks of Markdown that some have.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_is_told_in_words_with_the_object_it_names() {
        let told = |schema: Value| {
            let Kind { before, object } = kind(&schema);
            format!("{before}{}", object.map(|name| format!("<{name}>")).unwrap_or_default())
        };
        assert_eq!(
            told(json!({"type": ["string", "null"], "format": "date-time"})),
            "string or null (date-time)"
        );
        assert_eq!(
            told(json!({"type": "array", "items": {"$ref": "#/components/schemas/Site"}})),
            "array of <Site>"
        );
        assert_eq!(told(json!({"oneOf": [{"type": "null"}, {"$ref": "#/a/View"}]})), "null or <View>");
        assert_eq!(told(json!({"type": "string", "enum": ["up", "down"]})), "\"up\", \"down\"");
        assert_eq!(told(json!({})), "anything");
    }
}
