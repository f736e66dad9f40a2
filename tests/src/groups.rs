//! Recording groups for tests, with their members and supervisors.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::people::{Name, Rights, Supervision};
use platform::table::{
    Table,
    audit::{AuditAction, Event},
    commit::Committed,
};

use crate::{
    call::now,
    people::{group as group_id, organisation, user},
};

/// Creates a group with members.
pub async fn group(table: &Table, of: &str, name: &str, members: &[&str]) -> anyhow::Result<()> {
    let (organisation, id) = (organisation(of), group_id(name));
    let called = Name::try_from(name.to_owned())?;
    done(table.groups().put(&organisation, &id, &called, &event(of, name)).await?)?;
    let members: BTreeSet<_> = members.iter().map(|member| user(member)).collect();
    if members.is_empty() {
        return Ok(());
    }
    done(
        table
            .groups()
            .change_members(
                &organisation,
                &id,
                &members,
                true,
                &event(of, &format!("{name}-members")),
            )
            .await?,
    )
}

/// Makes `supervisor` supervise the group with every right, until `to`.
pub async fn supervise(
    table: &Table,
    of: &str,
    name: &str,
    supervisor: &str,
    to: Option<DateTime<Utc>>,
) -> anyhow::Result<()> {
    let supervision = Supervision { from: None, to, rights: Rights::ALL };
    let event = event(of, &format!("{name}-{supervisor}"));
    done(
        table
            .groups()
            .put_supervisor(
                &organisation(of),
                &group_id(name),
                &user(supervisor),
                &supervision,
                &event,
            )
            .await?,
    )
}

fn done(commit: Committed) -> anyhow::Result<()> {
    anyhow::ensure!(commit == Ok(()), "the table refused: {commit:?}");
    Ok(())
}

/// The event of a fixture operation.
pub fn event(of: &str, request: &str) -> Event {
    Event {
        address: "192.0.2.1".to_owned(),
        request: format!("test-{request}"),
        ..Event::new(organisation(of), "user:test", AuditAction::ChangeGroup, now())
    }
}
