//! Every test that needs more than the rules. The journey first: it tells the whole story.

mod activating;
mod administering;
mod documents;
mod grouping;
mod importing;
mod journey;
mod listening;
mod my_own;
mod people_journey;
mod provisioning;
mod registering;
mod requests;
mod rights;
mod routes;
mod searching;
mod taking_in;
mod tenancy;
