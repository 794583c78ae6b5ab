//! Slow motion of what the page has recorded.
//!
//! Like those of `browser.rs`, these tests need a browser; `cargo xtask test` sees to it.

use crate::support::page_session::Visit;
use serde_json::json;

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn slow_motion_steps_through_a_run_in_order_and_ends_with_everything_home() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    let mut said = Vec::new();
    let mut last = visit.number(".player", "data-passed").await;
    while visit.browser.script("return document.querySelector('#replay-step').ariaDisabled").await == "false" {
        visit.browser.click("#replay-step").await;
        visit.browser.wait_for(&format!(".player[data-passed='{}']", last + 1)).await;
        last += 1;
        said.push(visit.browser.text("#replay-words").await);
    }
    let order = [
        "The connection can be used.",
        "The browser sends “What is your name?”",
        "The bridge hands “What is your name?” to TCP.",
        "The tunnel hands on “What is your name?”",
        "The server has read “What is your name?”",
        "The server knows its answer: “My name is Sir Lancelot of Camelot.”",
        "The tunnel hands on “My name is Sir Lancelot of Camelot.”",
        "The bridge hands back “My name is Sir Lancelot of Camelot.”",
        "The browser has “My name is Sir Lancelot of Camelot.”",
        "The browser sends “What is your quest?”",
        "The browser has “Blue.”",
    ];
    // What happened within one step of the clock is one moment, and its sentences come together.
    let said = said.join(" ");
    let mut rest = said.as_str();
    for sentence in order {
        (_, rest) = rest.split_once(sentence).unwrap_or_else(|| panic!("no {sentence:?}, in its order, in {said}"));
    }

    let limits = visit.browser.text("#replay .limits").await;
    assert!(limits.starts_with("3 questions · through the tunnel at ") && limits.ends_with(" · no errors"), "{limits}");

    let scrub = "const scrub = document.querySelector('#replay-scrub');
        scrub.value = arguments[0] === 'end' ? scrub.max : scrub.min;
        scrub.dispatchEvent(new Event('input', { bubbles: true }));";
    visit.browser.client.execute(scrub, vec!["start".into()]).await.unwrap();
    visit.browser.wait_for(".player[data-passed='1']").await;
    visit.browser.client.execute(scrub, vec!["end".into()]).await.unwrap();
    visit.browser.wait_for(&format!(".player[data-passed='{last}']")).await;
    assert!(visit.browser.text("#replay-words").await.contains("The browser has “Blue.”"));
    let home = visit.browser.script("return document.querySelectorAll('.message.answer[cx=\"4.5%\"]').length").await;
    assert_eq!(home, 4, "connecting and three answers");
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn it_plays_by_itself_and_by_steps_for_those_who_do_not_like_motion() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    visit.browser.click("#replay-slowness option[value='100']").await;
    visit.browser.click("#replay-play").await;
    visit.browser.wait_for(".player[data-playing=true]").await;
    visit.browser.wait_for(".player[data-playing=false]").await;
    assert!(visit.browser.text("#replay-words").await.contains("“Blue.”"));

    let still = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    visit.browser.devtools("Emulation.setEmulatedMedia", still).await;
    // Every place that is drawn is at a recorded moment, more than a second apart: never so many as there are frames.
    let watch = "const done = arguments[0], seen = new Set(), scrub = document.querySelector('#replay-scrub');
        document.querySelector('#replay-play').click();
        const began = performance.now();
        let frames = 0;
        const look = () => {
            seen.add(scrub.value);
            frames += 1;
            if (performance.now() - began < 4000) requestAnimationFrame(look); else done([seen.size, frames]);
        };
        look();";
    let seen = visit.browser.client.execute_async(watch, Vec::new()).await.unwrap();
    assert!((2..6).contains(&seen[0].as_u64().unwrap()) && seen[1].as_u64().unwrap() > 12, "{seen}");
    visit.browser.click("#replay-play").await;
    visit.browser.wait_for(".player[data-playing=false]").await;
}

#[tokio::test]
#[ignore = "needs a browser: `cargo xtask test` runs it"]
async fn slow_motion_and_exports_have_no_barriers() {
    let visit = Visit::begin().await;
    visit.ask(1).await;
    let text = visit.export("json", ".json").await;
    visit.drop_file("one.json", &text).await;
    for _ in 0..8 {
        visit.browser.click("#replay-step").await;
    }
    for width in [1280, 360] {
        for scheme in ["light", "dark"] {
            visit.browser.look(width, scheme).await;
            assert_eq!(visit.browser.barriers().await, Vec::<String>::new(), "{width} {scheme}");
            let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(visit.browser.script(overflow).await, 0, "{width} {scheme}");
        }
    }
}
