//! How plans differ, in words: results of different plans are not merged, and a comparison of them needs a warning.

use std::time::Duration;

use super::plan::{DialoguePlan, LinkFaults, LoadPlan, ServerKind};
use crate::LinkSettings;

/// Returns the first field in which two plans differ, as the subject of a sentence in the plural. Seeds are not compared.
pub fn different_field(first: &LoadPlan, second: &LoadPlan) -> Option<&'static str> {
    let fields = [
        ("the servers", first.servers == second.servers),
        ("the link options", link(first) == link(second)),
        ("the direct measurements", first.direct == second.direct),
        ("the scripts", script(first) == script(second)),
        ("the dialogue options", without_script(first) == without_script(second)),
        ("the numbers of clients or the rates", first.mode == second.mode),
        ("the durations", first.duration == second.duration),
        ("the ramps", first.ramp == second.ramp),
        ("the pauses", first.pause == second.pause),
        ("the numbers of rounds", first.rounds == second.rounds),
    ];
    fields.into_iter().find(|(_, is_same)| !is_same).map(|(field, _)| field)
}

/// Returns what tells scripts apart: what they contain, or in results of older programs their names.
fn script(plan: &LoadPlan) -> Option<&String> {
    plan.dialogue.script_hash.as_ref().or(plan.dialogue.script.as_ref())
}

fn without_script(plan: &LoadPlan) -> DialoguePlan {
    DialoguePlan { script: None, script_hash: None, ..plan.dialogue.clone() }
}

fn link(plan: &LoadPlan) -> (Option<LinkSettings>, bool, Option<LinkFaults>) {
    (plan.link, plan.handshake, plan.faults)
}

/// Returns a sentence, without its full stop, for each plan after the first under whose conditions a server may have other figures than
/// under those of the first.
pub fn different_conditions<'a>(plans: impl IntoIterator<Item = &'a LoadPlan>) -> Vec<String> {
    let mut plans = plans.into_iter().map(conditions).zip(1..);
    let Some((first, _)) = plans.next() else { return Vec::new() };
    let describe = |(plan, run): (LoadPlan, u32)| {
        let field = different_field(&first, &plan)?;
        Some(format!("run {run} was measured with a different plan from run 1: {field} differ"))
    };
    plans.filter_map(describe).collect()
}

/// Returns a plan with the conditions alone: without the number and the order of the measurements, and without the commands and the
/// addresses of servers, because a new version of a server has another one.
fn conditions(plan: &LoadPlan) -> LoadPlan {
    let mut plan = LoadPlan { rounds: 0, pause: Duration::ZERO, ..plan.clone() };
    for server in &mut plan.servers {
        match &mut server.kind {
            ServerKind::Design { .. } => {}
            ServerKind::Command { command } => command.clear(),
            ServerKind::Address { host, port } => {
                host.clear();
                *port = 0;
            }
            ServerKind::WebSocket { url } => url.clear(),
        }
    }
    plan.servers.sort_by(|first, second| first.name.cmp(&second.name));
    plan
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::result;
    use super::*;

    #[test]
    fn a_new_version_and_more_rounds_are_the_same_conditions_and_other_questions_are_not() {
        let mut first = result(&["old", "new"], &[1, 20], []).plan;
        first.servers[1].kind = ServerKind::Command { command: "./new-1 {port}".to_owned() };
        let mut second = first.clone();
        second.servers[1].kind = ServerKind::Command { command: "./new-2 {port}".to_owned() };
        second.servers.reverse();
        second.rounds += 1;
        assert_eq!(different_field(&first, &second), Some("the servers"));
        assert!(different_conditions([&first, &second]).is_empty());
        let mut third = first.clone();
        third.dialogue.questions = 3;
        let mut fourth = first.clone();
        fourth.servers.pop();
        assert_eq!(
            different_conditions([&first, &second, &third, &fourth]),
            [
                "run 3 was measured with a different plan from run 1: the dialogue options differ",
                "run 4 was measured with a different plan from run 1: the servers differ",
            ]
        );
    }
}
