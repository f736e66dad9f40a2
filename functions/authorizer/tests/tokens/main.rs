//! The authorizer at its public door, with an issuer of its own: real keys, a key set served on loopback, and a clock that the test moves.

mod accepted;
mod bearer;
mod clock;
mod door;
mod flood;
mod hostile;
mod issuer;
mod key;
mod key_set;
mod key_sets;
mod rotation;
