//! The page with a lab: the path through the tunnel, and the legs of a run.

mod link;
mod race;

use std::collections::BTreeSet;
use std::time::Duration;

use fantoccini::Locator;
use launcelot_measure::export::Document;
use launcelot_measure::{TracePoint, paths};
use launcelot_server::Options;
use serde_json::json;

use crate::support::attempts::{check, within_attempts_async};
use crate::support::browser::Browser;
use crate::support::page;
use crate::support::page_session::PageSession;

/// Waits until the page has measured a round trip over the link whose set round trip is `nominal`, and returns the
/// measured one.
async fn measured(browser: &Browser, nominal: Duration) -> Duration {
    let css = format!("#measured[data-nominal-us='{}'][data-rtt-us]", nominal.as_micros());
    browser.wait_for(&css).await;
    let rtt = browser.client.find(Locator::Css(&css)).await.unwrap().attr("data-rtt-us").await.unwrap();
    Duration::from_micros(rtt.unwrap().parse().unwrap())
}

/// Returns the durations in a string, each a number and a unit.
fn durations(text: &str) -> Vec<Duration> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let pairs = words.windows(2).filter_map(|pair| {
        let unit = match pair[1].trim_end_matches(['.', ';', ',']) {
            "ns" => 1e-9,
            "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            _ => return None,
        };
        Some(Duration::from_secs_f64(pair[0].parse::<f64>().ok()? * unit))
    });
    pairs.collect()
}

/// Returns the first percentage in a string.
fn percentage(text: &str) -> f64 {
    let (before, _) = text.split_once('%').unwrap_or_else(|| panic!("no percentage: {text}"));
    before.split_whitespace().last().unwrap().parse().unwrap()
}

/// Fails if the page is not accessible, or cuts off a figure of the table, at any width, in light or dark.
async fn assert_accessible_in_every_look(browser: &Browser, state: &str) {
    browser
        .for_every_look(async |look| {
            browser.assert_accessible(&format!("{state}, {look}")).await;
            let cut_off = "return [...document.querySelectorAll('.dialogue tbody .took')].filter((figure) => {
                const words = document.createRange();
                words.selectNodeContents(figure);
                const [inner, outer] = [words, figure].map((it) => it.getBoundingClientRect());
                return inner.left < outer.left - 1 || inner.right > outer.right + 1;
            }).map((figure) => figure.innerText)";
            assert_eq!(browser.script(cut_off).await, json!([]), "{state}, {look}");
        })
        .await;
}

/// Returns the legs that have a share in one column of the table, each with its name and its share.
async fn legs_with_share(browser: &Browser, column: &str) -> Vec<String> {
    let rows = "return [...document.querySelectorAll('#legs tbody tr')]
        .map((row) => [row.querySelector('th').innerText, row.querySelector(arguments[0]).innerText])
        .filter(([, share]) => share.trim()).map((row) => row.join(' '))";
    let rows = browser.client.execute(rows, vec![column.into()]).await.unwrap();
    rows.as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned()).collect()
}

/// Checks the sentence about a run of three questions at 1.3 ms, and the table of its legs. Panics if a figure is wrong.
/// Returns an error if a figure may be too large because the machine is busy.
async fn legs_account_for_the_waiting(browser: &Browser) -> Result<(), String> {
    let round_trips = 3 * Duration::from_micros(1_300);
    let message = browser.text("#where").await;
    assert!(message.starts_with("The server spent"), "{message}");
    let [thought, waited] = durations(&message)[..] else { panic!("not two durations: {message}") };
    assert!(thought > Duration::ZERO && waited >= round_trips, "{message}");
    let held = round_trips.as_secs_f64() / waited.as_secs_f64() * 100.0;
    assert!(message.contains("delay added by the tunnel") || held < 50.0, "{message}");
    assert!(percentage(&message) <= 100.0, "{message}");

    let connecting = legs_with_share(browser, "td:nth-child(3)").await;
    assert!(connecting.iter().any(|share| share.starts_with("connect()")), "{connecting:?}");
    let rows = legs_with_share(browser, "td:last-child").await;
    let names = ["browser and WebSocket", "bridge", "link out", "server", "link back"];
    assert_eq!(rows.len(), names.len(), "{rows:?}");
    assert!(rows.iter().zip(names).all(|(row, name)| row.trim_start().starts_with(name)), "{rows:?}");
    let on_the_link = durations(&rows[2]).last().copied().unwrap() + durations(&rows[4]).last().copied().unwrap();
    assert!(on_the_link >= round_trips, "{rows:?}");
    // Only the time between an answer and the next question belongs to no leg.
    let sum: Duration = rows.iter().map(|row| *durations(row).last().unwrap()).sum();
    assert!(sum <= waited + waited / 50, "{sum:?} of {waited:?}");
    check(thought < waited / 4 && sum >= waited / 2, || format!("{message} The legs take {sum:?}."))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_breaks_the_waiting_down_into_legs() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    // The first run warms up.
    session.ask(1).await;
    let mut run = 1;
    within_attempts_async(5, async || {
        run += 1;
        session.ask(run).await;
        legs_account_for_the_waiting(browser).await
    })
    .await;

    // Each bar is divided into legs, and thinking is magnified.
    let count = async |css: &str| browser.client.find_all(Locator::Css(css)).await.unwrap().len();
    assert_eq!(count("#dialogue .leg.server:not(.near)").await, 3);
    assert_eq!(count("#dialogue .leg.link").await, 7, "connect(), and each question there and back");
    assert_eq!(count("#dialogue .thinking").await, 3);
    assert!(browser.text("#dialogue .lens").await.contains("enlarged ×"));
    let limits = browser.text("#dialogue + .limits").await;
    let route = "3 questions · through the tunnel at 1.30 ms, jitter up to 150 µs · clock step";
    assert!(limits.replace('\u{a0}', " ").starts_with(route), "{limits}");
    assert!(limits.ends_with("no warm-up · no errors"), "{limits}");
    assert_accessible_in_every_look(browser, "legs").await;
    browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shares_of_the_legs_add_up_to_100_percent() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    browser.click("#sent-ahead").await;
    for run in 1..=5 {
        session.ask(run).await;
        for column in ["td:nth-child(3)", "td:last-child"] {
            let shares = legs_with_share(browser, column).await;
            let sum: f64 = shares.iter().filter(|share| share.contains('%')).map(|share| percentage(share)).sum();
            // Each share is rounded to a whole number.
            assert!((80.0..=100.0 + 0.5 * shares.len() as f64).contains(&sum), "{sum} %: {shares:?}");
        }
        let message = browser.text("#uncertainty").await;
        assert!(
            message.contains("the times that hops recorded are known to ± ") && !durations(&message).is_empty(),
            "{message}"
        );
    }
    // Questions that the server has read together have the same moment at the server.
    let document: Document = serde_json::from_str(&session.export("json", ".json").await).unwrap();
    for recorded in &document.runs {
        let paths = paths(&recorded.run, recorded.trace.as_ref().unwrap());
        let read = paths.questions().iter().map(|path| {
            let moment = path.moments().into_iter().find(|(point, _)| *point == TracePoint::ServerIn);
            (path.at(TracePoint::ServerIn), moment)
        });
        let read: BTreeSet<_> = read.collect();
        let events: BTreeSet<_> = read.iter().map(|(event, _)| *event).collect();
        assert_eq!(read.len(), events.len(), "{read:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_over_a_long_link_takes_its_round_trip_and_has_legs() {
    let session = PageSession::start().await;
    session.choose_tunnel().await;
    let browser = &session.browser;
    browser.client.find(Locator::XPath("//button[.='across a continent']")).await.unwrap().click().await.unwrap();
    measured(browser, Duration::from_millis(70)).await;
    let mut run = 0;
    // On a busy machine, the browser and the bridge may take longer than the link.
    within_attempts_async(5, async || {
        run += 1;
        session.ask(run).await;
        let connecting = legs_with_share(browser, "td:nth-child(3)").await;
        let connect = connecting.iter().find(|share| share.starts_with("connect()")).unwrap();
        assert!(durations(connect)[0] >= Duration::from_millis(70), "{connecting:?}");
        check(percentage(connect) > 50.0, || format!("{connecting:?}"))?;
        // In slow motion, connecting also takes that time on the link.
        let scrub = "const scrub = document.querySelector('#replay-scrub');
            scrub.value = 30_000 * 10;
            scrub.dispatchEvent(new Event('input', { bubbles: true }));";
        browser.script(scrub).await;
        let position = "return parseFloat(document.querySelector('.lanes-moving .message').getAttribute('cx'))";
        let position = browser.script(position).await.as_f64().unwrap();
        check((25.0..88.0).contains(&position), || format!("at 30 ms, {position} % of the way across"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lab_the_page_shows_the_legs_as_unknown() {
    let (_server, _bridge, browser) = page::open(&Options::default()).await;
    browser.wait_for("#no-lab").await;
    assert!(browser.text("#no-lab").await.starts_with("This bridge has no lab"));
    assert!(browser.client.find(Locator::Id("tunnel")).await.is_err(), "no tunnel can be chosen");
    browser.ask(1, "complete").await;
    assert!(browser.text("#where").await.contains("unknown"));
    assert_eq!(browser.client.find_all(Locator::Css("#dialogue .bar.asking")).await.unwrap().len(), 3);
    assert_accessible_in_every_look(&browser, "no lab").await;
    browser.assert_console_is_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn legs_without_events_are_shown_as_unknown() {
    let session = PageSession::start().await;
    let browser = &session.browser;
    // As with a server outside the lab, the trace has no events of the server.
    let without_server = "const text = Response.prototype.text;
        Response.prototype.text = async function () {
            const value = JSON.parse(await text.call(this));
            const isKept = (event) => !/^(server|answer)/.test(event.point);
            return JSON.stringify(value.events ? { ...value, events: value.events.filter(isKept) } : value);
        };";
    browser.script(without_server).await;
    browser.ask(1, "complete").await;
    browser.wait_for("#dialogue .leg.unknown").await;
    let message = browser.text("#where").await;
    assert!(message.starts_with("You waited"), "the time of the server is unknown: {message}");
    let legs = browser.text("#legs").await;
    assert!(legs.contains("unknown") && !legs.contains("server\n"), "{legs}");
    assert_accessible_in_every_look(browser, "unknown legs").await;
    browser.assert_console_is_quiet(&[]).await;
}

/// Sets the link as another tab would.
async fn set_elsewhere(browser: &Browser, rtt: Duration) {
    let script = "fetch('/api/tunnel', { method: 'PUT', body: JSON.stringify({ rtt_us: arguments[0] }) })
        .then((answer) => arguments[1](answer.status))";
    let set = browser.client.execute_async(script, vec![json!(rtt.as_micros() as u64)]).await.unwrap();
    assert_eq!(set, 200);
}
