//! The API described for programs (OpenAPI 3.1): what handlers and objects say of themselves, with what the table of routes
//! and the table of errors say of each.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value has null for what is not there, and takes what is put"
)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::api;
use crate::auth::Who;
use crate::code::Code;
use crate::routes::{Face, ROUTES, Route, Verb};

#[derive(OpenApi)]
#[openapi(paths(
    crate::pages::health::healthz,
    api::summary::summary,
    api::groups::groups,
    api::groups::group,
    api::group_changes::add,
    api::group_changes::edit,
    api::group_changes::remove,
    api::sites::sites,
    api::sites::site,
    api::sites::views,
    api::history::history,
    api::site_changes::add,
    api::site_changes::edit,
    api::site_changes::remove,
    api::outages::outages,
    api::outages::current,
    api::outages::outage,
    api::channels::channels,
    api::channels::channel,
    api::channel_changes::add,
    api::channel_changes::edit,
    api::channel_changes::remove,
    api::channel_changes::test,
    api::probe::probe,
    api::document::openapi,
))]
struct Described;

const ABOUT: &str = "What the pages show, and changing it. Names of addresses, fields and codes are kept; fields may be \
added. Times are RFC 3339 in UTC, lengths of time are milliseconds. Every address that answers GET answers HEAD too. docs/api.md \
tells the rest, with examples.";

/// The whole document, for the API at `base_url`.
///
/// # Errors
/// None in truth: descriptions can be written as JSON.
pub fn document(base_url: &str) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(Described::openapi())?;
    document["info"] = json!({
        "title": "Djamon", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["servers"] = json!([{ "url": base_url }]);
    document["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer", "description": "A token: djamon-check token add NAME" },
    });
    document["components"]["schemas"]["Error"] = error();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        let options = schemas.get("SiteOptions").cloned().unwrap_or_default();
        for (name, schema) in schemas {
            flatten(schema, &options);
            date(schema);
            // The objects of a list are written out in it, and stand beside it as well.
            if let Some(of) = name.strip_prefix("List_") {
                schema["properties"]["items"]["items"] =
                    json!({ "$ref": format!("#/components/schemas/{of}") });
            }
        }
    }
    for route in ROUTES {
        let operation =
            document["paths"].get_mut(route.path).and_then(|path| path.get_mut(method(route.verb)));
        if let Some(operation) = operation {
            complete(operation, route);
        }
    }
    Ok(document)
}

/// How OpenAPI calls the method of `verb`.
pub const fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
    }
}

/// Adds to an operation who may ask and how it can be refused.
fn complete(operation: &mut Value, route: &Route) {
    // What the code says of errors is for those who read the code.
    if let Some(description) = operation["description"].as_str() {
        operation["description"] = json!(description.split("# Errors").next().unwrap_or_default().trim());
    }
    operation["security"] = match route.who {
        Who::Anyone => json!([]),
        Who::Readers => json!([{}, { "token": [] }]),
        Who::Members | Who::Admins => json!([{ "token": [] }]),
    };
    operation["x-who"] = json!(match route.who {
        Who::Anyone => "everybody",
        Who::Readers => "visitors while [web] public is true, every token, everybody who is signed in",
        Who::Members => "every token, everybody who is signed in",
        Who::Admins => "tokens with the scope write",
    });
    let mut refusals: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| can_be(**code, operation, route)) {
        refusals.entry(code.status().as_u16()).or_default().push(*code);
    }
    for (status, codes) in refusals {
        let when: Vec<String> =
            codes.iter().map(|code| format!("`{}`: {}", code.name(), code.when())).collect();
        operation["responses"][status.to_string()] = json!({
            "description": when.join(". "),
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
        });
    }
}

/// Whether `route`, described as `operation`, can be refused with `code`.
fn can_be(code: Code, operation: &Value, route: &Route) -> bool {
    let has_parameter = |wanted: &str, place: &str| {
        let all = operation["parameters"].as_array().into_iter().flatten();
        all.into_iter().any(|one| one["in"] == place && (wanted.is_empty() || one["name"] == wanted))
    };
    let has_body = operation["requestBody"].is_object();
    match code {
        _ if route.face == Face::Page => false,
        Code::TokenRefused | Code::Database | Code::Internal => true,
        Code::SignInNeeded => route.who != Who::Anyone,
        Code::Forbidden => route.who == Who::Admins,
        Code::Invalid => has_body || has_parameter("", "query"),
        Code::NotFound => route.path.contains('{'),
        Code::NoOpenOutage => route.path.ends_with("/current"),
        Code::Version => has_parameter("If-Match", "header"),
        Code::Conflict => {
            (route.verb == Verb::Delete && route.path.contains("groups")) || route.path.ends_with("/test")
        }
        Code::TooMany => route.path.ends_with("/probe"),
        Code::BadJson => has_body,
        Code::BadRequest | Code::Slow | Code::TooLarge | Code::MediaType => !route.verb.is_safe(),
        Code::Method => false,
    }
}

/// What every refusal looks like.
fn error() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    json!({
        "type": "object", "required": ["error"], "description": "Why a request was refused.",
        "properties": { "error": {
            "type": "object", "required": ["code", "message", "fields"],
            "properties": {
                "code": { "type": "string", "enum": codes, "description": "For programs." },
                "message": { "type": "string", "description": "For people." },
                "fields": {
                    "type": "object", "additionalProperties": { "type": "string" },
                    "description": "What is wrong with each field or parameter.",
                },
            },
        } },
    })
}

/// Makes one object of one that has all options of a site beside its own fields: so it is written, and so programs that
/// check what they send know every field there is.
fn flatten(schema: &mut Value, options: &Value) {
    let parts = schema.as_object_mut().and_then(|schema| schema.remove("allOf"));
    let Some(own) =
        parts.as_ref().and_then(|parts| parts.as_array()?.iter().find(|part| part["$ref"].is_null()))
    else {
        return;
    };
    let both =
        [&own["properties"], &options["properties"]].map(|all| all.as_object().cloned().unwrap_or_default());
    let all: Map<String, Value> = both.into_iter().flatten().collect();
    schema["type"] = json!("object");
    schema["properties"] = Value::Object(all);
    schema["additionalProperties"] = json!(false);
    if let Some(required) = own.get("required") {
        schema["required"] = required.clone();
    }
}

/// Says of texts that are instants, which is told by their names, that they are.
fn date(schema: &mut Value) {
    for (name, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
    {
        let is_instant = name.ends_with("_at") || matches!(name.as_str(), "at" | "since" | "last_run");
        if is_instant && property.get("$ref").is_none() {
            property["format"] = json!("date-time");
        }
    }
}
