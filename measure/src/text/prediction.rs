//! How far the servers of a load are as the model predicts, in sentences.

use crate::load::model::mean_round_trip;
use crate::load::{LoadResult, NoPrediction, PredictedRate, Prediction, ServerPrediction};
use crate::unit::{format_duration, format_rate};

/// A measurement that is further from its prediction departs from it.
const DEPARTS_PERCENT: f64 = 15.0;

/// Describes the model's inputs from the run, the servers that depart from it and by how much, and the servers without a prediction.
/// Returns an empty list for an open loop and for a merged result.
pub fn sentences(result: &LoadResult, servers: &[ServerPrediction]) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut questions = Vec::new();
    let mut unknown = Vec::new();
    let mut not_measured = Vec::new();
    for ServerPrediction { name, prediction } in servers {
        match prediction {
            Ok(prediction) => {
                let question = format_duration(prediction.inputs.direct_question);
                questions.push(format!("{question} with `{name}`"));
                sentences.extend(compared(name, prediction));
            }
            Err(NoPrediction::UnknownDesign) => unknown.push(format!("`{name}`")),
            Err(NoPrediction::NotMeasured) => not_measured.push(format!("`{name}`")),
            Err(NoPrediction::OpenLoop | NoPrediction::Merged) => {}
        }
    }
    if !questions.is_empty() {
        sentences.insert(0, taken(result, &questions));
    }
    if !unknown.is_empty() {
        sentences.push(format!(
            "The model has no line for {}, because it is unknown how many clients {} at once.",
            listed(&unknown),
            if unknown.len() == 1 { "that server serves" } else { "those servers serve" }
        ));
    }
    if !not_measured.is_empty() {
        let missing = match result.plan.link {
            Some(_) => "directly, without the link",
            None => "with one client",
        };
        let was = if not_measured.len() == 1 { "that server was" } else { "those servers were" };
        let names = listed(&not_measured);
        sentences.push(format!("The model has no line for {names}, because {was} not measured {missing}."));
    }
    sentences
}

fn taken(result: &LoadResult, questions: &[String]) -> String {
    let questions = listed(questions);
    match &result.plan.link {
        Some(link) => format!(
            "The model uses the link's configured delay, {} per round trip on average, and the median time per question without the link: \
             {questions}.",
            format_duration(mean_round_trip(link))
        ),
        None => format!("The model uses the median time per question with one client: {questions}."),
    }
}

/// Says how far the rates of a server are from the prediction; `None` if none were measured.
fn compared(name: &str, prediction: &Prediction) -> Option<String> {
    let by_distance = |first: &&PredictedRate, second: &&PredictedRate| {
        first.deviation_percent().abs().total_cmp(&second.deviation_percent().abs())
    };
    let furthest = prediction.rates.iter().max_by(by_distance)?;
    let level = furthest.level;
    let deviation = furthest.deviation_percent();
    let measured = format_rate(furthest.measured);
    let predicted = format_rate(furthest.predicted);
    let distance = format!("{:.0}\u{a0}%", deviation.abs());
    let Some(departing) = prediction.rates.iter().find(|rate| rate.deviation_percent().abs() > DEPARTS_PERCENT) else {
        return Some(format!(
            "`{name}` stays within {distance} of the model. The largest deviation is at {level}: {measured} dialogues per second \
             instead of the predicted {predicted}."
        ));
    };
    let side = if deviation < 0.0 { "below" } else { "above" };
    let mut sentence = format!(
        "`{name}` completed {measured} dialogues per second at {level}, {distance} {side} the {predicted} that the model predicts"
    );
    if departing.level != furthest.level {
        sentence += &format!("; at {} it already departs from the model", departing.level);
    }
    Some(sentence + ".")
}

/// Joins names: `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::fixtures::{cycle, result};
    use crate::load::{LoadSummary, prediction};

    fn plain(result: &LoadResult) -> Vec<String> {
        let sentences = sentences(result, &prediction::of_servers(result, &LoadSummary::of(result)));
        sentences.into_iter().map(|sentence| sentence.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn a_server_that_departs_from_the_model_is_named_with_the_distance() {
        // The model predicts 1 / 11 ms with one client: 91 and 455 dialogues per second.
        let mut cycles = vec![cycle(0, 1, 0, 180), cycle(0, 5, 0, 600), cycle(1, 5, 0, 600), cycle(2, 1, 0, 180)];
        for cycle in &mut cycles {
            cycle.end.as_mut().unwrap().server = None;
        }
        let mut run = result(&["threads", "mine", "simple"], &[1, 5], cycles);
        run.plan.servers[1].kind = crate::load::ServerKind::Command { command: "mine {port}".to_owned() };
        let sentences = plain(&run);
        assert_eq!(
            sentences,
            [
                "The model uses the median time per question with one client: 1 ms with `threads` and 1 ms with `simple`.",
                "`threads` completed 300 dialogues per second at 5 clients, 34 % below the 455 that the model predicts.",
                "`simple` stays within 1 % of the model. The largest deviation is at 1 client: 90.0 dialogues per second \
                 instead of the predicted 90.9.",
                "The model has no line for `mine`, because it is unknown how many clients that server serves at once.",
            ]
        );
    }

    #[test]
    fn without_a_direct_measurement_the_report_says_that_it_is_missing() {
        let mut run = result(&["threads"], &[1], [cycle(0, 1, 0, 180)]);
        run.plan.link = Some(crate::LinkSettings::default());
        let expected =
            "The model has no line for `threads`, because that server was not measured directly, without the link.";
        assert_eq!(plain(&run), [expected]);
    }
}
