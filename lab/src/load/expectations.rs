//! Expectations: before a run, whether the plan has what they name; after it, whether they were met.

use launcelot_measure::load::expectation::{self, Expectation};
use launcelot_measure::load::{LoadPlan, LoadSummary};

use super::options::PlanError;
use super::terminal::say;

/// Checks that each expectation names a server and a level of the plan, if it names any: otherwise it could not be met.
pub(super) fn check_names(expectations: &[Expectation], plan: &LoadPlan) -> Result<(), PlanError> {
    let levels: Vec<u32> = plan.mode.levels().iter().map(|level| level.number()).collect();
    for expectation in expectations {
        if let Some(server) = expectation.server()
            && plan.servers.iter().all(|known| known.name != server)
        {
            let known: Vec<&str> = plan.servers.iter().map(|server| server.name.as_str()).collect();
            return Err(PlanError::UnknownServer {
                expectation: expectation.to_string(),
                server: server.to_owned(),
                known: known.join(", "),
            });
        }
        if let Some(level) = expectation.level().filter(|level| !levels.contains(level)) {
            let known: Vec<String> = levels.iter().map(u32::to_string).collect();
            return Err(PlanError::UnknownLevel {
                expectation: expectation.to_string(),
                level,
                known: known.join(":"),
            });
        }
    }
    Ok(())
}

/// Says which expectations were met, each with its figure. Returns whether all of them were.
pub(super) fn show_verdicts(expectations: &[Expectation], summary: &LoadSummary) -> bool {
    let verdicts = expectation::check(expectations, summary);
    for verdict in &verdicts {
        let outcome = if verdict.is_met { "met" } else { "missed" };
        say(&format!("{outcome}: {}: {}", verdict.text, verdict.figure));
    }
    verdicts.iter().all(|verdict| verdict.is_met)
}
