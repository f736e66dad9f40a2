//! Recording groups to test with: who is in them, and who supervises them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::people::{Cover, Name, Rights};
use platform::table::{
    Table,
    audit::{Deed, Event},
    commit::Commit,
};

use crate::{
    call::now,
    people::{group as group_id, organisation, user},
};

/// Founds a group with members.
pub async fn group(table: &Table, of: &str, name: &str, members: &[&str]) -> anyhow::Result<()> {
    let (organisation, id) = (organisation(of), group_id(name));
    let called = Name::try_from(name.to_owned())?;
    done(table.put_group(&organisation, &id, &called, &event(of, name)).await?)?;
    let members: BTreeSet<_> = members.iter().map(|member| user(member)).collect();
    if members.is_empty() {
        return Ok(());
    }
    done(table.change_members(&organisation, &id, &members, true, &event(of, &format!("{name}-members"))).await?)
}

/// Lets `supervisor` supervise the group with every right, until `to`.
pub async fn by(table: &Table, of: &str, name: &str, supervisor: &str, to: Option<DateTime<Utc>>) -> anyhow::Result<()> {
    let cover = Cover { from: None, to, rights: Rights::ALL };
    let event = event(of, &format!("{name}-{supervisor}"));
    done(table.put_supervisor(&organisation(of), &group_id(name), &user(supervisor), &cover, &event).await?)
}

fn done(commit: Commit) -> anyhow::Result<()> {
    anyhow::ensure!(commit == Commit::Done, "the table refused: {commit:?}");
    Ok(())
}

/// The event of preparing a test.
pub fn event(of: &str, request: &str) -> Event {
    Event {
        at: now(),
        organisation: organisation(of),
        who: "user:test".to_owned(),
        deed: Deed::ChangeGroup,
        recording: None,
        subject: None,
        owner: None,
        detail: None,
        reason: None,
        refused: None,
        address: "192.0.2.1".to_owned(),
        request: format!("test-{request}"),
    }
}
