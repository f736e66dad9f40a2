//! The expressions of a write.

use super::*;
use crate::table::attributes::{n, s};

#[test]
fn an_update_names_its_attributes_and_joins_its_conditions() {
    let write = Write::update(Item::new())
        .set("state", s("held"))
        .set_or_remove("grace", None)
        .set_first("n2026-11-24", n(1))
        .add("done", n(1))
        .when("#state = :placing OR attribute_not_exists(early)")
        .given("placing", s("placing"))
        .is("kept", Some(n(3)))
        .is("place", None);
    let changes = "SET #state = :state, #n2026_11_24 = if_not_exists(#n2026_11_24, :n2026_11_24) REMOVE #grace ADD #done :done";
    assert_eq!(write.changes().as_deref(), Some(changes));
    let condition = "(#state = :placing OR attribute_not_exists(early)) AND #kept = :is_kept AND attribute_not_exists(#place)";
    assert_eq!(joined(&write.conditions).as_deref(), Some(condition));
    assert_eq!(write.names["#n2026_11_24"], "n2026-11-24");
    assert_eq!((write.names.len(), write.values.len()), (6, 5));
}
