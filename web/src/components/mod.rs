//! What is drawn, one component a file.
//!
//! The props of a component are what it shows, in parts that are cheap to compare, and the callbacks that it needs, which are made
//! once and change only with what they act on. So a component renders only if what it shows has changed, and of a list only the rows
//! that have. A plain function makes no callbacks: it returns a part of one component, or figures and sentences.

// The props are named after what they are, and described where that does not say it.
#![allow(missing_docs)]

pub mod bridge_of_death;
pub mod clear_everything;
pub mod clock_line;
pub mod controls;
pub mod dialogue;
pub mod docs_links;
pub mod drawing;
pub mod earlier_runs;
pub mod export;
pub mod keep_room;
pub mod kept_rounds;
pub mod later;
pub mod legs_table;
pub mod load_reports;
pub mod many_rounds;
pub mod meaning;
pub mod next_step;
pub mod own_question;
pub mod pictures;
pub mod player;
pub mod race;
pub mod radio;
pub mod rounds_form;
pub mod route;
pub mod select;
pub mod slow_motion;
pub mod terminal;
pub mod timetable;
