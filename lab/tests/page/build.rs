//! The files of the built page: their names, and the deferred part.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use launcelot_bundle::Files;
use launcelot_bundle::page::{Sources, build};
use launcelot_server::Design;
use sha2::{Digest as _, Sha256};

use crate::support::browser::Browser;
use crate::support::fixtures::{Bridge, Server};
use crate::support::{page, wait};

/// Returns the path of the page's program, which `cargo xtask test` has compiled.
fn program() -> PathBuf {
    let program = std::env::var_os("LAUNCELOT_PROGRAM");
    program.expect("LAUNCELOT_PROGRAM names the compiled program; type: cargo xtask test page").into()
}

fn sources(wasm_opt: Option<PathBuf>) -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Sources { program: program(), web: root.join("web"), docs: root.join("docs"), wasm_opt, esbuild: None }
}

/// Returns a file name without its hash: `launcelot.js` for `launcelot-0123456789abcdef.js`.
fn without_hash(name: &str) -> String {
    match name.rsplit_once('-') {
        Some((stem, end)) => format!("{stem}{}", &end[16..]),
        None => name.to_owned(),
    }
}

#[test]
fn every_served_file_but_the_index_and_the_documentation_is_named_after_its_bytes() {
    let mut count = 0;
    for entry in fs::read_dir(page::built()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // The documentation has its pictures.
        if name.contains(".html") || [".br", ".gz", ".png"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let digest: String =
            Sha256::digest(fs::read(&path).unwrap())[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(name.contains(&format!("-{digest}.")), "{name} has the digest {digest}");
        count += 1;
    }
    assert!(count >= 7, "{count} files");
}

/// A script that returns the status codes of the requests for the deferred part of the program, which reads and writes
/// files.
const STATUSES_OF_FILES_PART: &str = "return performance.getEntriesByType('resource')
    .filter(({ name }) => name.includes('/files-')).map(({ responseStatus }) => responseStatus).join()";

/// Waits until the requests for the deferred part have had the responses `statuses`.
async fn wait_for_requests(browser: &Browser, statuses: &str) {
    let what = format!("the statuses {statuses}");
    wait::until_async(&what, async || (browser.script(STATUSES_OF_FILES_PART).await == statuses).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_part_for_files_is_loaded_when_idle_and_works_after_the_bridge_has_stopped() {
    let server = Server::start(Design::Async);
    let bridge = Bridge::start(server.port, Some(page::built()));
    let browser = Browser::start().await;
    let saved = tempfile::tempdir().unwrap();
    browser.save_files_to(saved.path()).await;
    browser.open(&bridge.page_url()).await;
    browser.ask(1, "complete").await;
    wait_for_requests(&browser, "200").await;

    bridge.stop();
    browser.click("#export-json").await;
    wait::until("a saved file", || {
        let mut files = saved.path().read_dir().unwrap().map(|file| file.unwrap().path());
        files.find(|file| file.extension().is_some_and(|extension| extension == "json"))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_for_files_that_fails_to_load_leaves_asking_intact_and_is_tried_again_when_it_is_needed() {
    let server = Server::start(Design::Async);
    let (web, _bridge, browser) = page::open_without_part("files", server.port).await;
    browser.wait_for("[role=alert] .load-again").await;
    browser.ask(1, "complete").await;
    browser.assert_three_answers().await;
    let alert = browser.script("return document.querySelector('.load-again').closest('[role=alert]').innerText").await;
    assert!(alert.as_str().unwrap().starts_with("A part of this page could not be loaded."), "{alert}");

    page::copy(&page::built(), web.path());
    browser.click(".load-again").await;
    browser.wait_for("#export-json").await;
    browser.assert_three_answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_for_several_sections_that_fails_to_load_is_reported_once_and_tried_again_for_all_of_them() {
    let server = Server::start(Design::Async);
    let (web, _bridge, browser) = page::open_without_part("rounds", server.port).await;
    browser.ask(1, "complete").await;
    browser.ask(2, "complete").await;
    browser.assert_three_answers().await;
    browser.wait_for("#export").await;
    browser.wait_for("[role=alert] .load-again").await;
    assert_eq!(browser.script("return document.querySelectorAll('.load-again').length").await, 1);

    page::copy(&page::built(), web.path());
    browser.click(".load-again").await;
    browser.wait_for(":has(> #runs) + #replay + #race + #many-rounds + #export").await;
    browser.wait_for("main:not(:has(.load-again))").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_is_beside_the_page_and_is_accessible_in_every_look() {
    let server = Server::start(Design::Async);
    let (bridge, browser) = page::open_with_bridge_to(server.port).await;
    let addresses = browser.script("return [...document.querySelectorAll('#docs a')].map((link) => link.href)").await;
    let addresses = addresses.as_array().unwrap();
    assert_eq!(addresses.len(), 4, "{addresses:?}");
    for address in addresses {
        browser.client.goto(address.as_str().unwrap()).await.unwrap();
        browser.wait_for("main h1").await;
        browser.wait_for("nav [aria-current=page]").await;
        browser.for_every_look(async |look| browser.assert_accessible(look).await).await;
    }
    browser.assert_console_is_quiet(&[]).await;
    drop(bridge);
}

/// Building the page three times takes twenty seconds.
mod long {
    use super::*;

    #[test]
    fn builds_with_different_tools_differ_in_the_names_of_the_program_and_of_the_files_that_refer_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let wasm_opt = folder.path().join("wasm-opt");
        // A tool that adds an empty custom section to the program. Another process writes the script, since a file that is open
        // for writing cannot be executed.
        let script = "#!/bin/sh\n{ cat \"$6\"; printf '\\0\\1\\0'; } > \"$8\"\n";
        let write = "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\"";
        assert!(Command::new("sh").args(["-c", write]).arg(&wasm_opt).arg(script).status().unwrap().success());

        let one = build(&sources(None)).unwrap();
        let other = build(&sources(Some(wasm_opt))).unwrap();
        let logical_names = |files: &Files| -> Vec<String> {
            let names: BTreeSet<String> = files.keys().map(|name| without_hash(name)).collect();
            names.into_iter().collect()
        };
        assert_eq!(logical_names(&one), logical_names(&other));
        let shared: Vec<String> =
            one.keys().filter(|name| other.contains_key(*name)).map(|name| without_hash(name)).collect();
        let (documentation, shared): (Vec<String>, Vec<String>) = shared
            .into_iter()
            .partition(|name| name.ends_with(".png") || name.ends_with(".html") && name != "index.html");
        assert_eq!(shared, ["docs.css", "icon.svg", "index.html", "start.mjs", "style.css", "worker.mjs"]);
        assert!(documentation.contains(&"figures.html".to_owned()), "{documentation:?}");
        assert_ne!(one["index.html"], other["index.html"]);
        assert_eq!(build(&sources(None)).unwrap(), one, "the same sources and tools give the same page");
    }
}
