//! A model of the search: organisations that are drawn at random, kept in memory as the table keeps them, and searched by the same rules.
//!
//! Rows are counted, but read units are paid, and of a stream up to 4 KB cost as much as one row: some 13 rows, or 30 entries of a posting.
//! So of many streams that are read together (the users of a group, the numbers that begin so, the words that a half-typed one may be) a
//! piece of each is read at once where a row of each would cost as much and another wait. A direction has no index: it would save a row of
//! two and cost a write of each call. A length is read by classes, at whose ends lie rows of the next.

pub mod beside;
pub mod draw;
pub mod hostile;
pub mod memory;
pub mod oracle;
pub mod postgres;
pub mod shape;
pub mod size;
pub mod sparsest;
