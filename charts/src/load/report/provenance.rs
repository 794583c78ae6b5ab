//! How it was measured: machine, versions, settings and command line.

use std::time::Duration;

use launcelot_measure::load::{Arrivals, LoadMode, LoadPlan, ServerKind};
use launcelot_measure::unit::{format_count, format_duration};

use super::{Run, new_section};
use crate::Element;

/// Returns the section at the end of the report.
pub(super) fn section(run: &Run, tag: &'static str, heading: &str) -> Element {
    let plan = &run.result.plan;
    let (id, label) = run.heading_of("how");
    let mut section = new_section(Some("provenance"), &id, &label, tag, heading);
    let list = section.add("dl");
    let mut entry = |term: &str, description: &str| {
        let entry = list.add("div");
        entry.add("dt").text(term);
        entry.add("dd").text(description);
    };
    let dialogue = &plan.dialogue;
    entry("Dialogue", &dialogue_words(dialogue));
    entry("Load", &mode_words(&plan.mode));
    entry(
        "Cycles",
        &format!(
            "{}, windows of {}, ramp {}, pause {}; seed {}",
            counted(u64::from(plan.rounds), "round"),
            format_duration(plan.duration),
            time_or_none(plan.ramp),
            time_or_none(plan.pause),
            plan.seed
        ),
    );
    entry("Link", &link_words(plan));
    for server in &plan.servers {
        entry("Server", &format!("{}: {}", server.name, server_words(&server.kind)));
    }
    for from in &run.result.provenance {
        entry("Started", &from.begun);
        entry(
            "Machine",
            &format!("{}: {}, {}", from.host, counted(from.processors.into(), "processor"), from.processor),
        );
        entry("System", &from.system);
        entry("Program", &from.program);
        entry("Command", &from.command.join(" "));
    }
    section
}

fn link_words(plan: &LoadPlan) -> String {
    let Some(link) = plan.link else { return "direct, without an emulated link".to_owned() };
    let handshake = if plan.handshake { ", connecting costs a round trip" } else { "" };
    let faults = plan.faults.map_or_else(String::new, |faults| format!("; faults: {}", faults.describe()));
    format!("emulated: {}{handshake}{faults}", link.describe())
}

fn dialogue_words(dialogue: &launcelot_measure::load::DialoguePlan) -> String {
    let script = dialogue.script.as_ref().map_or_else(|| "the usual three".to_owned(), |name| format!("script {name}"));
    let questions = counted(dialogue.questions.into(), "question");
    let mut words = format!("{questions} from {script}, at most {} in flight", dialogue.in_flight);
    if !dialogue.think.is_zero() {
        words += &format!(", {} between an answer and the next question", format_duration(dialogue.think));
    }
    if dialogue.keep_alive {
        words += ", on a connection that stays open";
    }
    words + &format!("; timeout {}", format_duration(dialogue.timeout))
}

fn mode_words(mode: &LoadMode) -> String {
    match mode {
        LoadMode::Closed { .. } => {
            "closed loop: each client begins its next dialogue when the previous one has ended".to_owned()
        }
        LoadMode::Open { arrivals, per, max_in_flight, .. } => {
            let unit = per.plural();
            let spacing = match arrivals {
                Arrivals::Poisson => "at random times (Poisson)",
                Arrivals::Steady => "at equal intervals",
            };
            let most = format_count(u64::from(*max_in_flight));
            format!(
                "open loop: {unit} are due {spacing}, and latency is counted from then; at most {most} {unit} at once"
            )
        }
    }
}

fn server_words(kind: &ServerKind) -> String {
    match kind {
        ServerKind::Design { design, workers, threads, backlog, think } => {
            let mut words = format!("design {design}");
            for (name, number) in [("workers", workers), ("threads", threads), ("backlog", backlog)] {
                if let Some(number) = number {
                    words += &format!(", {name} {number}");
                }
            }
            if !think.is_zero() {
                words += &format!(", {} of work for each answer", format_duration(*think));
            }
            words
        }
        ServerKind::Command { command } => command.clone(),
        ServerKind::Address { host, port } => format!("{host}, port {port}"),
        ServerKind::WebSocket { url } => url.clone(),
    }
}

/// Returns a number with what it counts.
fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", format_count(number))
}

fn time_or_none(time: Duration) -> String {
    if time.is_zero() { "none".to_owned() } else { format_duration(time) }
}
