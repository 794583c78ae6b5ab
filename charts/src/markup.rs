//! Parts of SVG and HTML text.

pub(crate) use crate::element::Escaped;
pub(crate) use crate::shapes::{Percent, write};
