//! Every test that needs more than the rules. The journey first: it tells the whole story.

mod activating;
mod administering;
mod auditing;
mod documents;
mod finding;
mod fuzzing;
mod grouping;
mod importing;
mod indexing;
mod interleaving;
mod journey;
mod listening;
mod marking;
mod my_own;
mod people_journey;
mod provisioning;
mod redelivering;
mod registering;
mod requests;
mod rights;
mod routes;
mod searching;
mod supervising;
mod taking_in;
mod tenancy;
mod units;
