//! Imports of users: the lines that the operator sent, in parts, and the result of each line.
//!
//! A worker processes an import part by part. Users, results and the number of the next part are
//! written together, if nobody has processed the part. So a part is processed once, however often
//! it is requested, and the import continues where it stopped. The results replace the lines. All
//! expire [`RETAINED`] after the import.
//!
//! | attribute     | what |
//! |---------------|------|
//! | `who`, `when`, `address`, `request` | job: the sender, the time in Unix milliseconds, the address and the request |
//! | `lines`       | job: how many there are |
//! | `next`        | job: the next part |
//! | `created`, `changed`, `unchanged`, `invalid`, `refused` | job: how many lines had each result |
//! | `rows`        | part to process: its lines, as JSON |
//! | `results`     | processed part: the results of its lines, as JSON |
//! | `expires_at`  | both: Unix seconds |

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{OrderId, OrganisationId, UserId};
use serde::{Deserialize, Serialize};

use super::{
    BadItem, Error, Imports,
    attributes::{count, instant, n, number, s, text},
    audit::Event,
    claim::Claim,
    commit::{Conflict, Transaction},
    key::{self, Item},
    provision::{Outcome, PROVISIONED, UserProvision},
    write::Write,
};

/// How long an import can be read.
pub const RETAINED: TimeDelta = TimeDelta::days(7);
/// Lines of one part, whose users are written in one transaction.
pub const PART: usize = PROVISIONED;

/// An import and its progress.
#[derive(Clone, Debug)]
pub struct Import {
    pub id: OrderId,
    pub organisation: OrganisationId,
    /// The sender, as the audit log names them.
    pub by: String,
    pub at: DateTime<Utc>,
    pub address: String,
    pub request: String,
    /// Its lines, without empty ones.
    pub lines: usize,
    /// The next part to process.
    pub next: usize,
    pub counts: Counts,
}

/// How many lines had each result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub invalid: u64,
    pub refused: u64,
}

/// A line to process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Counted from 1, with empty lines.
    pub line: usize,
    #[serde(rename = "said")]
    pub content: LineContent,
}

/// The content of a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineContent {
    User(Box<UserProvision>),
    /// An invalid line: the reason, and the id if it has one.
    Bad {
        id: Option<UserId>,
        detail: String,
    },
}

/// The result of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub line: usize,
    pub id: Option<UserId>,
    pub came: Came,
    /// Why the line is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Came {
    Created,
    Changed,
    Unchanged,
    Invalid,
    RemovedUser,
    LastAdministrator,
}

/// The message that asks a worker to continue an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub organisation: OrganisationId,
    pub import: OrderId,
}

impl Imports<'_> {
    /// Stores a part of an import to process. 1 request.
    pub async fn put_part(self, import: &Import, part: usize, rows: &[Row]) -> Result<(), Error> {
        let mut item = key::import_part(&import.organisation, import.id, part);
        item.insert("rows".to_owned(), s(json(rows)?));
        item.insert("expires_at".to_owned(), n((import.at + RETAINED).timestamp()));
        self.0.write(Write::put(item)).await.map(drop)
    }

    /// Creates the import, whose parts are stored, with its event and the claim. 1 request.
    pub async fn place(
        self,
        import: &Import,
        event: &Event,
        claim: Option<&Claim>,
    ) -> Result<(), Error> {
        let mut item = key::import(&import.organisation, import.id);
        for (name, text) in
            [("who", &import.by), ("address", &import.address), ("request", &import.request)]
        {
            item.insert(name.to_owned(), s(text));
        }
        item.insert("when".to_owned(), n(import.at.timestamp_millis()));
        item.insert("lines".to_owned(), n(import.lines));
        item.insert("next".to_owned(), n(import.next));
        item.insert("expires_at".to_owned(), n((import.at + RETAINED).timestamp()));
        let mut writes = self.0.writes();
        writes.add(Write::put_new(item));
        writes.audit(event);
        writes.claim(claim);
        // A conflict is an SDK retry after a lost response: the id is this request's own.
        writes.commit().await.map(drop)
    }

    /// The import, unless it has expired. 1 request.
    pub async fn get(
        self,
        of: &OrganisationId,
        id: OrderId,
        now: DateTime<Utc>,
    ) -> Result<Option<Import>, Error> {
        let item = self.0.get(key::import(of, id)).await?;
        let current = item
            .filter(|item| number::<i64>(item, "expires_at").is_ok_and(|at| at > now.timestamp()));
        Ok(current.map(|item| read(of, id, &item)).transpose()?)
    }

    /// The lines of a part to process; `None` if it is processed. 1 request.
    pub async fn rows(self, import: &Import, part: usize) -> Result<Option<Vec<Row>>, Error> {
        let item = self
            .0
            .get(key::import_part(&import.organisation, import.id, part))
            .await?
            .unwrap_or_default();
        if item.contains_key("results") {
            return Ok(None);
        }
        Ok(Some(parsed(&item, "rows")?))
    }

    /// At most `limit` results of processed lines, beginning with the `nth` line. 1 request.
    pub async fn results(
        self,
        import: &Import,
        nth: usize,
        limit: usize,
    ) -> Result<Vec<Done>, Error> {
        let (first, last) = (nth / PART, ((nth + limit) / PART).min(import.next.saturating_sub(1)));
        if import.next <= first {
            return Ok(Vec::new());
        }
        let (from, to) = (key::nth_part(import.id, first), key::nth_part(import.id, last));
        let parts =
            self.0.query(key::imports(&import.organisation), None).between(from, to).all().await?;
        let mut done = Vec::new();
        for part in &parts {
            done.extend(parsed::<Done>(part, "results")?);
        }
        Ok(done.into_iter().skip(nth % PART).take(limit).collect())
    }
}

impl Transaction<'_> {
    /// Writes the results of the next part, unless they exist.
    pub fn import_part(&mut self, import: &Import, done: &[Done]) {
        let results = match json(done) {
            Ok(results) => s(results),
            Err(error) => return self.fail(error),
        };
        let counts = Counts::of(done);
        let import_item = Write::update(key::import(&import.organisation, import.id))
            .set("next", n(import.next + 1));
        let import_item = import_item.is("next", Some(n(import.next))).or(Conflict::PageSaved);
        self.add(
            counts
                .named()
                .into_iter()
                .fold(import_item, |write, (name, lines)| write.add(name, n(lines))),
        );
        let part = Write::update(key::import_part(&import.organisation, import.id, import.next));
        self.add(part.set("results", results).remove("rows").existing());
    }
}

impl Import {
    /// Whether every line is processed.
    pub fn is_done(&self) -> bool {
        self.next >= self.lines.div_ceil(PART)
    }

    /// The number of processed lines.
    pub fn passed(&self) -> usize {
        self.lines.min(self.next * PART)
    }

    pub fn work(&self) -> Work {
        Work { organisation: self.organisation.clone(), import: self.id }
    }
}

impl Row {
    /// The result of the line, given the outcome for its user.
    pub fn done(&self, outcome: Option<Outcome>) -> Done {
        let (id, came, detail) = match &self.content {
            LineContent::Bad { id, detail } => (id.clone(), Came::Invalid, Some(detail.clone())),
            LineContent::User(user) => {
                (Some(user.id.clone()), outcome.map_or(Came::Unchanged, Came::of), None)
            }
        };
        Done { line: self.line, id, came, detail }
    }
}

impl Came {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Created => Self::Created,
            Outcome::Changed => Self::Changed,
            Outcome::Unchanged | Outcome::Unknown => Self::Unchanged,
            Outcome::Removed => Self::RemovedUser,
            Outcome::LastAdministrator => Self::LastAdministrator,
        }
    }
}

impl Counts {
    fn named(self) -> [(&'static str, u64); 5] {
        let Self { created, changed, unchanged, invalid, refused } = self;
        [
            ("created", created),
            ("changed", changed),
            ("unchanged", unchanged),
            ("invalid", invalid),
            ("refused", refused),
        ]
    }

    fn of(done: &[Done]) -> Self {
        let mut counts = Self::default();
        for done in done {
            let count = match done.came {
                Came::Created => &mut counts.created,
                Came::Changed => &mut counts.changed,
                Came::Unchanged => &mut counts.unchanged,
                Came::Invalid => &mut counts.invalid,
                Came::RemovedUser | Came::LastAdministrator => &mut counts.refused,
            };
            *count += 1;
        }
        counts
    }
}

fn read(of: &OrganisationId, id: OrderId, item: &Item) -> Result<Import, BadItem> {
    let own = |name| text(item, name).map(str::to_owned);
    Ok(Import {
        id,
        organisation: of.clone(),
        by: own("who")?,
        at: instant(item, "when")?,
        address: own("address")?,
        request: own("request")?,
        lines: number(item, "lines")?,
        next: number(item, "next")?,
        counts: Counts {
            created: count(item, "created")?,
            changed: count(item, "changed")?,
            unchanged: count(item, "unchanged")?,
            invalid: count(item, "invalid")?,
            refused: count(item, "refused")?,
        },
    })
}

fn json(rows: &(impl Serialize + ?Sized)) -> Result<String, Error> {
    serde_json::to_string(rows).map_err(|error| Error::Request(error.into()))
}

fn parsed<T: for<'de> Deserialize<'de>>(
    item: &Item,
    attribute: &'static str,
) -> Result<Vec<T>, BadItem> {
    serde_json::from_str(text(item, attribute)?).map_err(|_| BadItem { attribute })
}
