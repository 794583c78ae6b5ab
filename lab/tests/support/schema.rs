//! Validation of JSON against its schema.

use serde_json::Value;

/// Panics with all violations if `value` does not conform to `schema`.
#[track_caller]
pub(crate) fn assert_valid(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?} in {value:#}");
}
