//! What plays a recorded dialogue: where it is in it, how slowly, and whether it goes on.

use std::rc::Rc;
use std::time::Duration;

use yew::Reducible;

use crate::replay::Replay;
use crate::shared::Shared;

/// How many times slower than it was it can be played.
pub const SLOWNESS: [u32; 4] = [10, 100, 1_000, 10_000];
/// At first it is played as slowly as does not take longer than this.
const LONGEST_PLAY: Duration = Duration::from_secs(20);
/// How long it stays at each recorded moment when it goes by steps.
const DWELL: Duration = Duration::from_millis(1_200);

/// The player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// What is played.
    pub replay: Shared<Replay>,
    /// Where it is.
    pub at: Duration,
    /// How many times slower than it was.
    pub slowness: u32,
    /// Whether it goes on.
    pub is_playing: bool,
    /// Whether it goes from one recorded moment to the next, for those who do not like motion.
    pub by_steps: bool,
    /// How long it has been at this moment, when it goes by steps.
    dwelt: Duration,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The person wants it to go on, by steps or not; from the beginning if it is at the end.
    Played {
        /// Whether by steps.
        by_steps: bool,
    },
    /// The person wants it to stay where it is.
    Paused,
    /// On to the next recorded moment.
    Stepped,
    /// Back to the one before.
    SteppedBack,
    /// To this time.
    Scrubbed(Duration),
    /// The number of times that it is slower.
    SlownessChosen(u32),
    /// So much time has passed for the person.
    Passed(Duration),
}

impl Player {
    /// At the beginning.
    pub fn new(replay: Shared<Replay>) -> Self {
        let end = replay.end();
        let is_short = |slowness: &u32| end.saturating_mul(*slowness) <= LONGEST_PLAY;
        let slowness = SLOWNESS.into_iter().rfind(is_short).unwrap_or(SLOWNESS[0]);
        Self { replay, at: Duration::ZERO, slowness, is_playing: false, by_steps: false, dwelt: Duration::ZERO }
    }

    fn act(&mut self, action: Action) {
        let end = self.replay.end();
        if let Action::Passed(time) = action {
            self.pass(time);
        } else if let Action::SlownessChosen(slowness) = action {
            self.slowness = slowness;
        } else {
            (self.is_playing, self.dwelt) = (false, Duration::ZERO);
            self.at = match action {
                Action::Stepped => self.replay.after(self.at),
                Action::SteppedBack => self.replay.before(self.at),
                Action::Scrubbed(at) => at.min(end),
                _ => self.at,
            };
        }
        if let Action::Played { by_steps } = action {
            (self.is_playing, self.by_steps) = (true, by_steps);
            if self.at >= end {
                self.at = Duration::ZERO;
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        if !self.is_playing {
            return;
        }
        if self.by_steps {
            self.dwelt += time;
            if self.dwelt >= DWELL {
                (self.dwelt, self.at) = (Duration::ZERO, self.replay.after(self.at));
            }
        } else {
            self.at = (self.at + time / self.slowness).min(self.replay.end());
        }
        self.is_playing = self.at < self.replay.end();
    }
}

impl Reducible for Player {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut player = Self::clone(&self);
        player.act(action);
        if player == *self { self } else { Rc::new(player) }
    }
}

#[cfg(test)]
mod tests {
    use launcelot_measure::{Order, Run, Step};

    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    fn player(actions: impl IntoIterator<Item = Action>) -> Player {
        let mut run = Run::new(String::new(), Order::OneAtATime, us(5), ["What?".to_owned()]);
        for step in [
            Step::Connected { at: us(500) },
            Step::Asked { at: us(600) },
            Step::Answered { at: us(3_000), answer: "This.".to_owned() },
        ] {
            run.record(step);
        }
        let mut player = Player::new(Shared::new(Replay::of(&run, None, "browser").unwrap()));
        actions.into_iter().for_each(|action| player.act(action));
        player
    }

    #[test]
    fn it_goes_as_slowly_as_it_says_and_stops_at_the_end() {
        let played = [Action::Played { by_steps: false }, Action::SlownessChosen(1_000)];
        let with = |passed| player(played.into_iter().chain([Action::Passed(passed)]));
        assert_eq!((with(Duration::from_secs(1)).at, with(Duration::from_secs(1)).is_playing), (us(1_000), true));
        assert_eq!((with(Duration::from_secs(9)).at, with(Duration::from_secs(9)).is_playing), (us(3_000), false));
        assert_eq!(player([]).slowness, 1_000, "3 ms should not take 30 s");
    }

    #[test]
    fn steps_lead_to_the_recorded_moments_and_back() {
        let at = |actions: &[Action]| player(actions.to_vec()).at;
        assert_eq!(at(&[Action::Stepped]), us(500));
        assert_eq!(at(&[Action::Scrubbed(us(550)), Action::Stepped]), us(600));
        assert_eq!(at(&[Action::Scrubbed(us(550)), Action::SteppedBack, Action::SteppedBack]), us(0));
        assert_eq!(at(&[Action::Scrubbed(us(9_000)), Action::Stepped]), us(3_000));
    }

    #[test]
    fn without_motion_it_dwells_at_each_recorded_moment_and_goes_on_to_the_next() {
        let mut player = player([Action::Played { by_steps: true }]);
        let mut seen = vec![player.at];
        while player.is_playing {
            player.act(Action::Passed(us(100_000)));
            seen.push(player.at);
        }
        assert_eq!(seen.len(), 1 + 3 * 12);
        seen.dedup();
        assert_eq!(seen, [us(0), us(500), us(600), us(3_000)]);
    }

    #[test]
    fn at_the_end_it_begins_anew_and_what_a_person_does_by_hand_pauses_it() {
        let player_at_end = player([Action::Scrubbed(us(3_000)), Action::Played { by_steps: false }]);
        assert_eq!((player_at_end.at, player_at_end.is_playing), (us(0), true));
        for action in [Action::Stepped, Action::Paused, Action::Scrubbed(us(7))] {
            assert!(!player([Action::Played { by_steps: false }, action]).is_playing);
        }
    }
}
