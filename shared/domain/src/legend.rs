//! The organisation's legend: its marks, and how each of them looks.
//!
//! A mark is a colour and a shape, so that colour is never the only sign, with a label in the
//! organisation's own words (P3). A retired mark can no longer be set but still shows.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

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
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
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
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
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
