//! Writes the progress of a job, page by page.
//!
//! A page is written with the next checkpoint, if the previous one is unchanged. So each page takes
//! effect once, however often it is requested, and the next begins where it ended.

use chrono::{DateTime, Utc};
use domain::ids::{OrderId, OrganisationId, RecordingId};

use super::{
    super::{
        BadItem, Error, Jobs,
        attributes::{n, s, text},
        commit::{Conflict, Transaction},
        key::{self, Item},
        write::Write,
    },
    JobKind, Kind, RetentionJob, State, key_of,
};

/// The most recordings that an erasure lists as left.
pub const LEAVES: u64 = 100;

/// The result of a page, which is written with it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Where the next begins; `None` after the last.
    pub next: Option<String>,
    pub passed: u64,
    pub done: u64,
    pub left: Vec<(RecordingId, OrderId)>,
}

impl Jobs<'_> {
    /// A page of a hold's recordings, oldest first, and the key to continue after. 1 request.
    pub async fn held_by(
        self,
        of: &OrganisationId,
        hold: OrderId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<(RecordingId, DateTime<Utc>)>, Option<String>), Error> {
        let query = self
            .0
            .query(key::helds(of), None)
            .consistent()
            .beginning(format!("{hold}#"))
            .limit(limit);
        let page = query.after(after.map(|at| key::held(of, hold, at))).page().await?;
        let checkpoint = |item: &Item| {
            Ok::<_, BadItem>(
                text(item, "sk")?.split_once('#').ok_or(BadItem { attribute: "sk" })?.1.to_owned(),
            )
        };
        let next = page.next.as_ref().map(checkpoint).transpose()?;
        let mut held = Vec::new();
        for item in &page.items {
            let bad = || BadItem { attribute: "sk" };
            let at = checkpoint(item)?;
            let (_, id) = at.split_once('#').ok_or_else(bad)?;
            held.push((
                RecordingId::try_from(id.to_owned()).map_err(|_| bad())?,
                key::started_at(&at).ok_or_else(bad)?,
            ));
        }
        Ok((held, next))
    }
}

impl Transaction<'_> {
    /// Saves a page with its checkpoint, unless it was saved. `ends` is the state after the last.
    pub fn save_page(&mut self, job: &RetentionJob, page: &Page, ends: State) {
        let write = Write::update(key_of(job))
            .is("state", Some(s(job.state)))
            .is("place", job.checkpoint.as_ref().map(s));
        let write = match (&page.next, &job.what) {
            (Some(next), _) => write.set("place", s(next)),
            (None, JobKind::Erasure { .. }) => write.remove_all(&["place", "peer"]), // the person is erased, so their number is removed
            (None, JobKind::Hold { .. }) => write.remove_all(&["place", "sought"]), // its recordings are listed from now on
            (None, JobKind::Retention { .. }) => write.remove("place"),
        };
        let write = write.set_if("state", page.next.is_none().then(|| s(ends)));
        let write = write
            .add("passed", n(page.passed))
            .add("done", n(page.done))
            .add("left", n(page.left.len()));
        let room = usize::try_from(LEAVES.saturating_sub(job.progress.left)).unwrap_or_default();
        let write = write.add_members(
            "leaves",
            page.left.iter().take(room).map(|(recording, hold)| format!("{recording}#{hold}")),
        );
        self.add(write.or(Conflict::PageSaved));
    }

    /// Adds the recording with the sort key `at` to the hold.
    pub fn wanted(&mut self, hold: &RetentionJob, at: &str) {
        self.add(Write::put(key::held(&hold.organisation, hold.id, at)));
    }

    /// Checks that no later change of the retention was ordered.
    pub fn is_latest(&mut self, change: &RetentionJob) {
        let organisation = Write::check(key::organisation(&change.organisation));
        self.add(organisation.is("retained_by", Some(s(change.id))).or(Conflict::Overtaken));
    }

    /// Counts a recording that an erasure has erased; fails if there is no such job.
    pub(in crate::table) fn erased(&mut self, organisation: &OrganisationId, erasure: OrderId) {
        let job = Write::update(key::job(organisation, Kind::Erasure, erasure));
        self.add(job.add("done", n(1)).existing());
    }
}
