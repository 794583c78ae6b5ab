//! The bar of a question, divided into its legs, with a lens that magnifies the server's leg.
//!
//! Legs are distinguished without colour too: the client is hollow, the bridge is solid, the server is taller, the link is thin (above
//! on the way out, below on the way back, in the middle while connecting), and unknown legs are hatched.

use std::time::Duration;

use launcelot_measure::unit::format_count;
use launcelot_measure::{Leg, Span};

use crate::element::Element;
use crate::scale::Scale;
use crate::shapes::Percent;
use crate::waterfall::{Ghost, ROW_HEIGHT, add_ghosts, new_row};

/// The additional height of a row with a lens.
const LENS_HEIGHT: i32 = 24;
/// The height of the magnified bar.
const LENS_BAR_HEIGHT: i32 = 6;
/// The width of the magnified server's leg, in percent of the axis.
const LENS_WIDTH: f64 = 30.0;
/// The smallest magnification for which a lens is drawn.
const FACTOR_MIN: f64 = 4.0;

/// What a lens shows: the server's leg, magnified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens {
    /// The server's leg.
    pub server: Span,
    /// The time at which the answer was ready.
    pub ready: Duration,
    /// The text next to the lens; the magnification is appended to it.
    pub label: String,
}

/// Draws one row: the legs of a question, the lens if the server's leg is short, and the ghosts of earlier runs below.
pub fn row(scale: &Scale, legs: &[(Leg, Span)], lens: Option<&Lens>, ghosts: &[Ghost]) -> Element {
    let drawn = lens
        .map(|lens| (lens, LensLayout::of(scale, lens)))
        .filter(|(_, layout)| layout.factor >= FACTOR_MIN && layout.factor.is_finite());
    let height = ROW_HEIGHT + if drawn.is_some() { LENS_HEIGHT } else { 0 };
    let mut svg = new_row(scale, height, ghosts);
    // The client's legs are drawn first, so that they are behind their neighbours.
    let (client, others) = legs.iter().partition::<Vec<_>, _>(|(leg, _)| *leg == Leg::Client);
    for &(leg, span) in client.into_iter().chain(others) {
        add_leg(&mut svg, leg, scale.percent(span.from), scale.percent(span.until));
    }
    if let Some((lens, layout)) = drawn {
        layout.draw(&mut svg, lens);
    }
    add_ghosts(&mut svg, scale, height, ghosts);
    svg
}

/// Draws a single leg for a legend.
pub fn swatch(leg: Leg) -> Element {
    let mut svg = Element::hidden_svg("swatch", "28", ROW_HEIGHT);
    add_leg(&mut svg, leg, 4.0, 96.0);
    svg
}

/// Returns the class of a leg, its distance from the top of the row, and its height.
fn shape(leg: Leg) -> (&'static str, i32, i32) {
    match leg {
        Leg::Client => ("client", 8, 12),
        Leg::Bridge => ("bridge", 8, 12),
        Leg::Connect => ("link", 12, 4),
        Leg::LinkOut => ("link", 8, 4),
        Leg::Server => ("server", 4, 20),
        Leg::LinkBack => ("link", 16, 4),
        Leg::Unknown => ("unknown", 8, 12),
    }
}

fn add_leg(svg: &mut Element, leg: Leg, from: f64, until: f64) {
    let (class, y, height) = shape(leg);
    let x = Percent(from);
    if leg == Leg::Unknown {
        // A dashed line as thick as a bar looks hatched.
        let middle = y + height / 2;
        svg.add_line("leg unknown", [&x, &Percent(until), &middle, &middle]);
        return;
    }
    let width = Percent((until - from).max(0.0));
    svg.add_rect(format_args!("leg {class}"), [&x, &y, &width, &height]);
}

/// The position of a lens, in percent of the axis, and its magnification.
struct LensLayout {
    /// The begin and the end of the server's leg.
    server: (f64, f64),
    /// The left edge of the lens.
    from: f64,
    factor: f64,
    /// The width of the part in which the server worked on the answer.
    thought: f64,
}

impl LensLayout {
    /// Places the lens at the end of the axis that is nearer to the server's leg, which leaves room for the label.
    fn of(scale: &Scale, lens: &Lens) -> Self {
        let server @ (from, until) = (scale.percent(lens.server.from), scale.percent(lens.server.until));
        let is_left = from + until < 100.0;
        let thinking = lens.ready.saturating_sub(lens.server.from).as_secs_f64();
        Self {
            server,
            from: if is_left { 0.0 } else { 100.0 - LENS_WIDTH },
            factor: LENS_WIDTH / (until - from),
            thought: LENS_WIDTH * (thinking / lens.server.took().as_secs_f64()).min(1.0),
        }
    }

    fn draw(&self, svg: &mut Element, lens: &Lens) {
        let until = self.from + LENS_WIDTH;
        for (near, far) in [(self.server.0, self.from), (self.server.1, until)] {
            svg.add_line("ray", [&Percent(near), &Percent(far), &24, &37]);
        }
        // It is lower than every bar, so that it does not seem to be the longest.
        for (class, width) in [("leg server near", LENS_WIDTH), ("thinking", self.thought)] {
            svg.add_rect(class, [&Percent(self.from), &37, &Percent(width), &LENS_BAR_HEIGHT]);
        }
        let (at, anchor, dx) = if self.from > 0.0 { (self.from, "end", -8) } else { (until, "start", 8) };
        let factor = format_count(self.factor as u64);
        let label = svg.add("text").set("class", "lens").set("x", Percent(at)).set("dx", dx).set("y", 44);
        label.set("text-anchor", anchor).text(format_args!("enlarged ×{factor}: {}", lens.label));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    const fn span(from: u64, until: u64) -> Span {
        Span { from: us(from), until: us(until) }
    }

    fn lens(server: Span, ready: u64) -> Lens {
        Lens { server, ready: us(ready), label: "thinking 1 µs".to_owned() }
    }

    #[test]
    fn every_leg_has_a_shape_of_its_own() {
        let mut drawn: Vec<String> = Leg::ALL.map(|leg| swatch(leg).to_string()).to_vec();
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), Leg::ALL.len());
    }

    #[test]
    fn legs_are_drawn_at_their_times_with_the_client_behind_the_others() {
        let scale = Scale::to_fit(us(1000));
        let legs = [(Leg::Client, span(0, 255)), (Leg::Server, span(255, 510)), (Leg::Client, span(510, 765))];
        let svg = row(&scale, &legs, None, &[]).to_string();
        let drawn: Vec<_> = svg.split("class=\"leg ").skip(1).map(|leg| leg.split(" y=").next().unwrap()).collect();
        assert_eq!(drawn, [r#"client" x="0%""#, r#"client" x="50%""#, r#"server" x="25%""#]);
    }

    #[test]
    fn a_short_server_leg_is_magnified_by_the_stated_factor() {
        let scale = Scale::to_fit(us(1000));
        let server = span(306, 316);
        let svg = row(&scale, &[(Leg::Server, server)], Some(&lens(server, 308)), &[]).to_string();
        // The server's leg of 10 µs on an axis of 1,020 µs is drawn as 30 % of the axis. A fifth of the lens is thinking.
        assert!(svg.contains(">enlarged ×30: thinking 1 µs</text>"), "{svg}");
        assert!(svg.contains(r#"class="leg server near" x="0%" y="37" width="30%""#), "{svg}");
        assert!(svg.contains(r#"class="thinking" x="0%" y="37" width="6%""#), "{svg}");
    }

    #[test]
    fn a_long_server_leg_is_not_magnified() {
        let scale = Scale::to_fit(us(1000));
        let server = span(200, 700);
        assert!(!row(&scale, &[(Leg::Server, server)], Some(&lens(server, 600)), &[]).to_string().contains("lens"));
    }
}
