//! Every test that needs more than the rules. The journey first: it tells the whole story.

mod documents;
mod journey;
mod listening;
mod registering;
mod requests;
mod searching;
mod taking_in;
mod tenancy;
