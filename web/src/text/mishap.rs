//! What is wrong with the page as a whole, and what a person can do about it.

/// The script of the worker is missing or blocked.
pub const WORKER_NOT_LOADED: &str = "The page’s worker, which asks the questions, could not be loaded: its script is missing or blocked. Reload the page. If that \
     does not help, the browser’s console says why.";

/// The worker has not said anything yet.
pub const WORKER_LATE: &str = "The page’s worker, which asks the questions, has not started yet. On a slow connection, wait a little longer. Otherwise reload \
     the page.";

/// The browser has not stored all measurements of the kind that `plural` names.
pub fn not_stored(plural: &str) -> String {
    ["The browser’s storage is full or blocked: not all ", plural, " will survive a reload."].concat()
}

/// The worker failed, with the words of the browser, of which some put another before them.
pub fn worker_broke(message: &str) -> String {
    let message = message.strip_prefix("Uncaught ").unwrap_or(message);
    format!("The page’s worker, which asks the questions, failed: {message}. Reload the page to try again.")
}

/// The policy of the page forbids it to connect to the bridge at `url`. `is_elsewhere` says whether that bridge did not serve the
/// page.
pub fn forbidden(url: &str, is_elsewhere: bool) -> String {
    let advice = if is_elsewhere {
        "Remove ?bridge from the page’s address."
    } else {
        "The page’s server must allow it in connect-src."
    };
    format!("The page may not connect to {url}: its Content-Security-Policy forbids it. {advice}")
}
