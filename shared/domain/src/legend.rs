//! The organisation's legend: its marks, and how each of them looks.
//!
//! A mark is a colour and a shape, so that colour is never the only sign, with a label in the
//! organisation's own words (P3). A retired mark can no longer be set but still shows.

use serde::{Deserialize, Serialize};

use crate::{note::Mark, people::Name};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub mark: Mark,
    pub label: Name,
    pub colour: Colour,
    pub shape: Shape,
    pub retired: bool,
}

/// The colours of marks. The portal has a shade of each for light and for dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    Red,
    Orange,
    Yellow,
    Green,
    Teal,
    Blue,
    Purple,
    Grey,
}

/// The shapes of marks: ◆ ● ▲ ■ ★ ⬟ ✚ ⬢.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    Diamond,
    Circle,
    Triangle,
    Square,
    Star,
    Pentagon,
    Cross,
    Hexagon,
}

/// The most marks in a legend, including the retired ones.
pub const MARKS: usize = 100;

/// The initial legend of an organisation: name, label, colour, shape.
pub const FIRST: [(&str, &str, Colour, Shape); 4] = [
    ("red", "Röd", Colour::Red, Shape::Diamond),
    ("yellow", "Gul", Colour::Yellow, Shape::Triangle),
    ("green", "Grön", Colour::Green, Shape::Circle),
    ("blue", "Blå", Colour::Blue, Shape::Square),
];

macro_rules! named {
    ($type:ident: $($variant:ident $name:literal)*) => {
        impl $type {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $name,)* } }

            pub fn parse(text: &str) -> Option<Self> { match text { $($name => Some(Self::$variant),)* _ => None } }
        }
    };
}

named! { Colour: Red "red" Orange "orange" Yellow "yellow" Green "green" Teal "teal" Blue "blue" Purple "purple" Grey "grey" }
named! { Shape: Diamond "diamond" Circle "circle" Triangle "triangle" Square "square" Star "star" Pentagon "pentagon" Cross "cross" Hexagon "hexagon" }
