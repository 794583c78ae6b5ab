//! Validation of JSON against its schema.

use serde_json::Value;

/// Panics with all violations if `value` does not conform to `schema`.
#[track_caller]
pub(crate) fn assert_valid(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let run: Value = serde_json::from_str(include_str!("../../../measure/schema/run.schema.json")).unwrap();
    // A reference to a file is resolved against this URI, which a schema has without one of its own.
    let registry = jsonschema::Registry::new().add("json-schema:///run.schema.json", run).unwrap().prepare().unwrap();
    let validator = jsonschema::options().with_registry(&registry).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?} in {value:#}");
}
