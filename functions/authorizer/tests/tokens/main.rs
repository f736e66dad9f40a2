//! The authorizer with a test issuer: real keys, a key set on loopback, and a movable clock.

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
