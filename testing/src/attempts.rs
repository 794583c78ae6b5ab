//! Assertions about time. Other load on the machine only adds to a time, so it is enough if one of several attempts
//! succeeds.

/// Repeats an attempt until it succeeds, and returns its value. After `attempts` failed attempts, panics with the
/// reasons of all of them.
#[track_caller]
pub fn within_attempts<T>(attempts: usize, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let mut reasons = Vec::new();
    while reasons.len() < attempts {
        match attempt() {
            Ok(value) => return value,
            Err(reason) => reasons.push(reason),
        }
    }
    panic!("none of {attempts} attempts succeeded: {reasons:#?}");
}

/// Repeats an asynchronous attempt until it succeeds, like [`within_attempts`].
pub async fn within_attempts_async<T>(attempts: usize, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    let mut reasons = Vec::new();
    while reasons.len() < attempts {
        match attempt().await {
            Ok(value) => return value,
            Err(reason) => reasons.push(reason),
        }
    }
    panic!("none of {attempts} attempts succeeded: {reasons:#?}");
}

/// Returns `Ok` if `holds` is true, otherwise the reason as an error. Meant for the last expression of an attempt.
pub fn check(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}
