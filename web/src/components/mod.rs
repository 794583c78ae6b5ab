//! What is drawn, one component a file.
//!
//! What needs no state of its own is a plain function, kept out of line: one large function of wasm is larger than its parts.

pub mod bridge_of_death;
pub mod clock_line;
pub mod controls;
pub mod dialogue;
pub mod drawing;
pub mod kept_rounds;
pub mod legs;
pub mod many_rounds;
pub mod meaning;
pub mod own_question;
pub mod pick;
pub mod pictures;
pub mod player;
pub mod race;
pub mod rounds_form;
pub mod route;
pub mod runs;
pub mod slow_motion;
pub mod stopwatch_why;
pub mod take_along;
pub mod timetable;
