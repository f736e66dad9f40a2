//! A model of the search: random organisations in memory, stored as in the table and searched by
//! the same rules.
//!
//! A search counts rows, but pays for read units, and up to 4 KB of a stream cost as much as one
//! row: some 13 rows, or 30 posting entries. When streams are read together, each is therefore read
//! in pieces; a row of each would cost as much and another round trip. Such streams are the users
//! of a group, the numbers with a prefix, and the words that complete a half-typed one. A direction
//! has no index: it would halve the rows read and cost a write for each call. A length is read by
//! classes, which contain some rows outside the range at both ends.

pub mod beside;
pub mod draw;
pub mod hostile;
pub mod lossless;
pub mod memory;
pub mod oracle;
pub mod postgres;
pub mod shape;
pub mod size;
pub mod sparsest;
