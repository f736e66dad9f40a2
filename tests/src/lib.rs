//! What the tests stand on: a table of their own, the local cloud, calls to make, requests to send.

pub mod billed;
pub mod bucket;
pub mod call;
pub mod charged;
pub mod cloud;
pub mod delivery;
pub mod door;
pub mod event;
pub mod fuzz;
pub mod golden;
pub mod indexed;
pub mod kept;
pub mod people;
pub mod recording;
pub mod replayed;
pub mod request;
pub mod requests;
pub mod searched;
pub mod service;
pub mod speech;
pub mod stream;
pub mod supervised;
pub mod swept;
pub mod table;
pub mod terms;
pub mod units;
