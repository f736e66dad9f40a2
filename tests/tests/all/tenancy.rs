//! The guard behind every other test: a request for another organisation's key ends the test.

use tests::{
    call::now,
    people::{found, organisation, user},
    requests::TENANT,
    table,
};

#[tokio::test]
#[should_panic(expected = "on behalf of other reaches for demo#")]
async fn a_read_of_another_organisation_ends_the_test() {
    let (table, _) = table::empty().await.expect("a table");
    found(&table, "demo").await.expect("an organisation");
    let (demo, anna) = (organisation("demo"), user("anna"));
    let _ended_before = TENANT.scope("other".to_owned(), table.people().caller(&demo, &anna)).await;
}

#[tokio::test]
#[should_panic(expected = "on behalf of other reaches for demo#recording")]
async fn a_query_of_another_organisation_ends_the_test() {
    let (table, _) = table::empty().await.expect("a table");
    let demo = organisation("demo");
    let filter = domain::search::Filter { from: Some(now()), ..Default::default() };
    let search = domain::search::Search {
        filter: &filter,
        order: Default::default(),
        limit: 1,
        after: None,
        now: now(),
    };
    let _ended_before = TENANT.scope("other".to_owned(), table.index().page(&demo, &search)).await;
}
