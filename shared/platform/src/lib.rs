//! Access to the outside world: the table, the buckets, HTTP behind API Gateway, settings and logs.
//!
//! Each function's `main` combines what it needs. The rules are in `domain`.

pub mod answer;
pub mod aws;
pub mod batch;
pub mod bucket;
pub mod call_lines;
pub mod call_statements;
pub mod clock;
pub mod consumed;
pub mod copies;
pub mod criteria;
pub mod csv;
pub mod cursor;
pub mod digest;
pub mod env;
pub mod erasures;
pub mod exports;
pub mod http;
pub mod log;
pub mod multipart;
pub mod objects;
pub mod queue;
pub mod removal;
pub mod statement;
pub mod table;
pub mod upload_parts;
pub mod versions;
