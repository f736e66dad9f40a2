//! Packages as the service makes them, and everything that can be wrong with one.

mod authority;
mod flips;
mod independent;
mod package;
mod verifying;
