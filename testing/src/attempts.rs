//! Assertions about time. Whatever else the machine does only adds to a time, so one of several attempts must hold.

/// Repeats an attempt until it returns a value, at most `attempts` times, and fails with the reasons of all of them.
#[track_caller]
pub fn within_attempts<T>(attempts: usize, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let mut reasons = Vec::new();
    while reasons.len() < attempts {
        match attempt() {
            Ok(value) => return value,
            Err(reason) => reasons.push(reason),
        }
    }
    panic!("none of {attempts} attempts held: {reasons:#?}");
}

/// The same for attempts that are asynchronous.
pub async fn within_attempts_async<T>(attempts: usize, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    let mut reasons = Vec::new();
    while reasons.len() < attempts {
        match attempt().await {
            Ok(value) => return value,
            Err(reason) => reasons.push(reason),
        }
    }
    panic!("none of {attempts} attempts held: {reasons:#?}");
}

/// `Ok` if the condition holds, else the reason, for use as the last expression of an attempt.
pub fn check(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}
