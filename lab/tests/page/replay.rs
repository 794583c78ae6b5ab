//! Slow motion of recorded runs.

use crate::support::page_session::PageSession;

#[tokio::test]
async fn slow_motion_steps_through_a_run_in_order_to_its_end() {
    let session = PageSession::start().await;
    session.ask(1).await;
    let mut sentences = Vec::new();
    let mut last = session.number(".player", "data-passed").await;
    while session.browser.script("return document.querySelector('#replay-step').ariaDisabled").await == "false" {
        session.browser.click("#replay-step").await;
        session.browser.wait_for(&format!(".player[data-passed='{}']", last + 1)).await;
        last += 1;
        sentences.push(session.browser.text("#replay-moment").await);
    }
    let order = [
        "The connection is open.",
        "The browser sends “What is your name?”",
        "The bridge passes “What is your name?” on to TCP.",
        "The tunnel releases “What is your name?”",
        "The server reads “What is your name?”",
        "The server’s answer is ready: “My name is Sir Lancelot of Camelot.”",
        "The tunnel releases “My name is Sir Lancelot of Camelot.”",
        "The bridge passes “My name is Sir Lancelot of Camelot.” on to the WebSocket.",
        "The browser receives “My name is Sir Lancelot of Camelot.”",
        "The browser sends “What is your quest?”",
        "The browser receives “Blue.”",
    ];
    // Events within one step of the clock have one moment, and their sentences are shown together.
    let sentences = sentences.join(" ");
    let mut rest = sentences.as_str();
    for sentence in order {
        (_, rest) =
            rest.split_once(sentence).unwrap_or_else(|| panic!("no {sentence:?}, in its order, in {sentences}"));
    }

    let limits = session.browser.text("#replay .limits").await;
    assert!(limits.starts_with("3 questions · through the tunnel at ") && limits.ends_with(" · no errors"), "{limits}");

    let scrub = "const scrub = document.querySelector('#replay-scrub');
        scrub.value = arguments[0] === 'end' ? scrub.max : scrub.min;
        scrub.dispatchEvent(new Event('input', { bubbles: true }));";
    session.browser.client.execute(scrub, vec!["start".into()]).await.unwrap();
    session.browser.wait_for(".player[data-passed='1']").await;
    session.browser.client.execute(scrub, vec!["end".into()]).await.unwrap();
    session.browser.wait_for(&format!(".player[data-passed='{last}']")).await;
    assert!(session.browser.text("#replay-moment").await.contains("The browser receives “Blue.”"));
    let home = session.browser.script("return document.querySelectorAll('.message.answer[cx=\"4.5%\"]').length").await;
    assert_eq!(home, 4, "connecting and three answers");
}

#[tokio::test]
async fn slow_motion_plays_and_with_reduced_motion_moves_in_steps() {
    let session = PageSession::start().await;
    session.ask(1).await;
    session.browser.click("#replay-slowness option[value='100']").await;
    session.browser.click("#replay-play").await;
    session.browser.wait_for(".player[data-playing=false] #replay-step[aria-disabled=true]").await;
    assert!(session.browser.text("#replay-moment").await.contains("“Blue.”"));

    session.browser.reduce_motion().await;
    // With reduced motion only recorded moments are drawn, so the position changes in few of the frames.
    let watch = "const done = arguments[0], seen = new Set(), scrub = document.querySelector('#replay-scrub');
        document.querySelector('#replay-play').click();
        let frames = 0;
        const look = () => {
            seen.add(scrub.value);
            frames += 1;
            if (seen.size < 3 || frames < 12) requestAnimationFrame(look); else done([seen.size, frames]);
        };
        look();";
    let seen = session.browser.client.execute_async(watch, Vec::new()).await.unwrap();
    let [positions, frames] = [0, 1].map(|index| seen[index].as_u64().unwrap());
    assert!(positions * 4 <= frames, "{positions} positions in {frames} frames");
    session.browser.click("#replay-play").await;
    session.browser.wait_for(".player[data-playing=false]").await;
}

#[tokio::test]
async fn neither_a_run_nor_slow_motion_parses_html_text() {
    let session = PageSession::start().await;
    session.ask(1).await;
    let count = "const property = Object.getOwnPropertyDescriptor(Element.prototype, 'innerHTML');
        window.parsed = 0;
        Object.defineProperty(Element.prototype, 'innerHTML', { ...property, set(html) {
            window.parsed += 1;
            property.set.call(this, html);
        } });
        document.createElement('p').innerHTML = 'counted';
        return window.parsed";
    assert_eq!(session.browser.script(count).await, 1);
    session.ask(2).await;
    session.browser.click("#replay-slowness option[value='100']").await;
    session.browser.click("#replay-play").await;
    session.browser.wait_for(".player[data-playing=false] #replay-step[aria-disabled=true]").await;
    assert_eq!(session.browser.script("return window.parsed").await, 1);
    let messages =
        session.browser.script("return document.querySelectorAll('.lanes-moving circle.answer').length").await;
    assert_eq!(messages, 4, "connecting and three answers");
}

#[tokio::test]
async fn slow_motion_and_exports_are_accessible() {
    let session = PageSession::start().await;
    session.ask(1).await;
    let text = session.export("json", ".json").await;
    session.drop_file("one.json", &text).await;
    for _ in 0..8 {
        session.browser.click("#replay-step").await;
    }
    session.browser.for_every_look(async |look| session.browser.assert_accessible(look).await).await;
}
