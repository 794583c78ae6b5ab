//! Rounds as bytes, mostly five each, for serde's `with`.
//!
//! The worker writes them while an answer is on its way, so they are written in one loop and not number by number through serde.

use launcelot_measure::Round;
use serde::{Deserialize, Deserializer, Serializer, de};

pub(crate) fn serialize<S: Serializer>(rounds: &[Round], serializer: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::with_capacity(rounds.len() * 6);
    for Round { asked, connecting, due, ready } in rounds {
        // Little more than the question took, as a rule.
        let more = |moment: &u64| moment.wrapping_sub(*asked);
        for mut number in [*asked, more(connecting), more(due), more(ready)] {
            while number > 0x7f {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
        }
    }
    serializer.serialize_bytes(&bytes)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Round>, D::Error> {
    let mut bytes = <&[u8]>::deserialize(deserializer)?.iter();
    let mut rounds = Vec::with_capacity(bytes.len() / 5);
    let mut next = || {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = bytes.next()?;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte <= 0x7f {
                return Some(number);
            }
        }
        None
    };
    while let Some(asked) = next() {
        let (Some(connecting), Some(due), Some(ready)) = (next(), next(), next()) else {
            return Err(de::Error::custom("half a round"));
        };
        let after = |number| asked.wrapping_add(number);
        rounds.push(Round { asked, connecting: after(connecting), due: after(due), ready: after(ready) });
    }
    Ok(rounds)
}
