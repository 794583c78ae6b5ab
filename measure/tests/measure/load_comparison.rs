//! The rates of false and true differences between servers, by simulated loads.

use launcelot_measure::load::comparison::{Outcome, ServerComparison, compare_runs, compare_servers};
use launcelot_measure::load::{Cell, Counts, Level, LoadSummary, Primary, RoundRates, ServerSummary};

const ROUNDS: u32 = 8;
const LEVEL: Level = Level::Clients(20);

/// Random numbers by splitmix64, so that a seed means the same load everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// By the central limit theorem; good enough within three deviations.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// A run of two servers, the second at `speed` of the first. Rounds vary by 15 %, which both servers share, and each cycle by 5 %.
fn run(random: &mut Random, speed: f64) -> LoadSummary {
    let mut servers = [("old", 1.0), ("new", speed)].map(|(name, speed)| {
        let cell = Cell {
            level: LEVEL,
            rounds: Vec::new(),
            not_started: 0,
            dialogues_per_s: None,
            questions_per_s: None,
            clients_answered: None,
            counts: Counts::default(),
            failed_share: 0.0,
            server: None,
            generator_share: None,
            other_share: None,
            link_lateness: None,
            server_ended: Vec::new(),
        };
        (speed, ServerSummary { name: name.to_owned(), cells: vec![cell] })
    });
    for round in 0..ROUNDS {
        let machine = (0.15 * random.normal()).exp();
        for (speed, server) in &mut servers {
            let dialogues_per_s = 1_000.0 * *speed * machine * (0.05 * random.normal()).exp();
            let rates = RoundRates { round, dialogues_per_s, questions_per_s: dialogues_per_s * 10.0 };
            server.cells[0].rounds.push(rates);
        }
    }
    LoadSummary { levels: vec![LEVEL], servers: servers.map(|(_, server)| server).to_vec(), ..LoadSummary::default() }
}

fn is_difference(comparison: &ServerComparison) -> bool {
    matches!(comparison.outcome, Outcome::Compared(ratio) if ratio.is_difference())
}

#[test]
fn the_same_server_compared_ten_times_seems_to_differ_at_most_once() {
    let mut random = Random(7);
    let paired =
        (0..10).filter(|_| is_difference(&compare_servers(&run(&mut random, 1.0), Primary::default(), None)[0]));
    assert!(paired.count() <= 1);
    let unpaired = (0..10).filter(|_| {
        let runs = [run(&mut random, 1.0), run(&mut random, 1.0)];
        compare_runs(&runs, Primary::default()).iter().any(is_difference)
    });
    assert!(unpaired.count() <= 1);
}

#[test]
fn the_same_server_seems_to_differ_in_about_one_of_twenty() {
    let mut random = Random(8);
    let paired =
        (0..400).filter(|_| is_difference(&compare_servers(&run(&mut random, 1.0), Primary::default(), None)[0]));
    let count = paired.count();
    assert!((8..=32).contains(&count), "{count} of 400");
}

#[test]
fn a_server_that_is_a_fifth_slower_is_found_in_nine_of_ten() {
    let mut random = Random(9);
    let found = (0..10).filter(|_| {
        let comparison = &compare_servers(&run(&mut random, 0.8), Primary::default(), None)[0];
        is_difference(comparison) && comparison.is_regression(0.1)
    });
    let count = found.count();
    assert!(count >= 9, "{count} of 10");
}
