//! What is drawn, one component a file.

pub mod bridge_of_death;
pub mod clock_line;
pub mod controls;
pub mod dialogue;
pub mod drawing;
pub mod legs;
pub mod meaning;
pub mod own_question;
pub mod route;
pub mod runs;
