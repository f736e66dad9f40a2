//! The client and its program against a service in the process, which plays the API and S3.

mod ends;
mod folder;
mod kills;
mod mishaps;
mod queue;
mod retries;
mod service;
mod virtual_device;
