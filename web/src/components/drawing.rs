//! A drawing from `charts`, as nodes of the page.

use std::rc::Rc;

use launcelot_charts::{Element, Node};
use yew::prelude::*;
use yew::virtual_dom::{VTag, VText};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// What is drawn. If it equals what was drawn before, nothing is rendered.
    pub element: Rc<Element>,
}

/// Makes nodes of an element and of everything inside it. Yew updates only those that have changed.
#[component]
pub fn Drawing(Props { element }: &Props) -> Html {
    node(element)
}

fn node(element: &Element) -> Html {
    let mut tag = VTag::new(element.name);
    for (name, value) in &element.attributes {
        tag.add_attribute(name, value.clone());
    }
    for child in &element.children {
        tag.add_child(match child {
            Node::Element(child) => node(child),
            Node::Text(text) => VText::new(text.clone()).into(),
        });
    }
    tag.into()
}
