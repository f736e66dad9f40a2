//! A model of the search: organisations that are drawn at random, kept in memory as the table keeps them, and searched by the same rules.

pub mod beside;
pub mod draw;
pub mod hostile;
pub mod memory;
pub mod oracle;
pub mod postgres;
pub mod shape;
pub mod size;
pub mod sparsest;
