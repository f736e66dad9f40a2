//! Every key of the table, defined in one place.
//!
//! | item         | `pk`               | `sk`                     | found by |
//! |--------------|--------------------|--------------------------|----------|
//! | organisation | `ORG#organisation` | `organisation`           | get |
//! | user         | `ORG#user`         | `USER`                   | get; `by_org`, sorted by name |
//! | client       | `ORG#client`       | `CLIENT`                 | get; query |
//! | group        | `ORG#group`        | `GROUP`                  | get; `by_org`, sorted by name |
//! | members      | `ORG#members`      | `GROUP`                  | get: the set of a group's members |
//! | recording    | `ORG#recording`    | `RECORDING`              | get; `by_org` (`pk`, `at`), `by_user` (`u`, `at`), `by_peer` (`p`, `at`), `by_mark` (`m`, `at`), `by_length` (`l`, `at`) |
//! | tombstone    | `ORG#recording`    | `RECORDING`              | get: the recording was erased |
//! | posting      | `ORG#PLACE#TOKEN#posting`, `ORG#held#posting` | the recording's `at` | query: the recordings with a word in `note`, `f1`, `f2` or `f3`; the held ones |
//! | word         | `ORG#word`         | `PLACE#TOKEN`            | get; query: the words of a place that begin alike |
//! | number       | `ORG#number`       | `DIGITS`                 | get; query: the counterparts whose numbers begin alike |
//! | ending       | `ORG#ending`       | `DIGITS`, reversed       | get; query: the counterparts whose numbers end alike |
//! | edit         | `ORG#edit`         | `RECORDING#VERSION`      | query: the edits of a recording's annotation |
//! | early note   | `ORG#early`        | `USER#RECORDING`         | query: the calls that a user annotated before they were registered |
//! | mark         | `ORG#mark`         | `MARK`                   | get; query: the legend |
//! | usage        | `ORG#usage`        | `USER`                   | get; query: current usage, and the counts of days that are not closed |
//! | daily usage  | `ORG#daily`        | `DAY#USER`, `DAY#USER#OF` | query: a closed day of a user; counts of the earlier day `OF` that were noticed at its end |
//! | day          | `ORG#day`          | `DAY`                    | query: a closed day of the organisation, written once all of its users' are |
//! | price        | `ORG#price`, `OPERATOR#price` | `DAY#MILLISECONDS` | query: terms from a day on, agreed or general |
//! | statement    | `ORG#statement`    | `MONTH`                  | query: the exported months |
//! | listed       | `OPERATOR#organisation` | `ORG`               | query: all organisations |
//! | activation   | `ORG#activation`   | `USER#MILLISECONDS#KIND` | query |
//! | void         | `ORG#activation`, `ORG#price`, `OPERATOR#price` | that of the void entry, then `#void` | query, with the void entry |
//! | base service | `ORG#organisation` | `base-service#MILLISECONDS` | query: when the base service began or ended |
//! | credit       | `ORG#organisation` | `credit#MILLISECONDS#REQUEST` | query: waived lines of statements |
//! | claim        | `ORG#idempotency`  | a hash of caller, operation and key | get; the table removes it |
//! | job          | `ORG#order`        | `KIND#JOB`               | get; query: holds, changes of the retention, erasures |
//! | import       | `ORG#import`       | `IMPORT`                 | get: users that the operator sent, and the progress |
//! | import part  | `ORG#import`       | `IMPORT#NUMBER`          | get; query: some of its lines, or their results |
//! | held         | `ORG#held`         | `HOLD#at`                | query: the recordings of a hold |
//! | removal      | `ORG#removal`      | `RECORDING#REGISTERED`   | get: the copies of a recording that were found before their removal; the table removes it |
//! | audit event  | `ORG#audit`        | `MILLISECONDS#REQUEST`   | query; `by_user` (`ORG#heard#USER`): who listened to a user's recordings; `by_user` (`ORG#refused#registrations`): refused registrations |
//! | audit key    | `ORG#audit-key`    | `audit-key`              | get: the key of the hashes that replace numbers, names and words in audit events |
//! | budget       | `ORG#budget`       | `MINUTE#PAYER`           | update: the units that a caller or the organisation consumed in a minute, counted from 1970; the table removes it |
//! | delivery folder | `ORG#drop`      | `DAY#NUMBER`             | query: the folders of the delivery by SFTP |
//! | late arrival | `ORG#awaited`      | `RECORDING`              | query: calls of a closed day whose audio had not arrived |
//! | SFTP key     | `ORG#sftp`         | `FINGERPRINT`            | get; query |
//! | subscriber   | `#sftp`            | `ORG`                    | query: the organisations with the SFTP service |
//! | call record  | `ORG#call`         | the id of the call's recording | get; `by_org`, by the instant whose day accounts for it: calls that the operator's switch reported |
//! | completeness | `ORG#completeness` | `DAY`                    | get; query: the totals of a day's calls |
//! | completeness by user | `ORG#accounted` | `DAY#NUMBER`        | query: the totals of some users' calls of a day |
//! | explanation  | `ORG#explained`    | `DAY#CALL`               | query: what people know of missing calls |
//! | device       | `ORG#device`       | `DEVICE`                 | get: the sequence numbers of a phone's calls that have come |
//! | noted number | `ORG#arrived`      | `DEVICE#NUMBER`          | query: numbers of calls that no recording of an open day has, until the next night |
//! | finding      | `ORG#missing`      | `KIND#SUBJECT`           | query: the findings of the last reconciliation, by kind |
//! | reconciliation | `ORG#sweep`      | `sweep`                  | get: the last one, and where the next continues |
//!
//! Every key, also of an index, begins with the organisation, so that an IAM condition on leading
//! keys can restrict it. No id contains a `#`. The next word restricts a role to one kind of item.
//! `OPERATOR`, which is no organisation's id (those have no upper case), begins the operator's own
//! keys: the list of organisations and the general prices. The list for the morning's delivery
//! belongs to no organisation either. A day is `yyyy-mm-dd`, of Stockholm.
//!
//! `at` is `MILLISECONDS#RECORDING`: the call's start as 13 digits of Unix milliseconds, then the
//! id. So every index has the same order, ties included. A note before the registration has neither
//! `at` nor `u` and is in no list. A TOKEN is a folded word of letters and digits. The `at` of a
//! user or a group is `NAME#ID`, the name folded.

use std::{collections::HashMap, fmt::Display};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::Month,
    completeness::sequence::Sequence,
    counterpart::Counterpart,
    delivery::{Day, folder},
    ids::{ClientId, DeviceId, GroupId, OrderId, OrganisationId, RecordingId, UserId},
    note::Mark,
    people::Name,
    reconcile,
    search::{Place, Position, Posting},
};

/// An item as the SDK carries it.
pub type Item = HashMap<String, AttributeValue>;

/// Replaces the organisation in the keys of the operator's own items.
const OPERATOR: &str = "OPERATOR";

/// An index, which is sorted by `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: &'static str,
    /// The attribute of its partition: one letter, since each row of each index repeats all names.
    pub partition: &'static str,
}

/// The index of an organisation's recordings by start.
pub const BY_ORG: Index = Index { name: "by_org", partition: "pk" };
/// The index of a user's recordings by start.
pub const BY_USER: Index = Index { name: "by_user", partition: "u" };
/// The index of a counterpart's recordings by start.
pub const BY_PEER: Index = Index { name: "by_peer", partition: "p" };
/// The index of a mark's recordings by start.
pub const BY_MARK: Index = Index { name: "by_mark", partition: "m" };
/// The index by start of the stored recordings of a length class, and of the rejected ones.
pub const BY_LENGTH: Index = Index { name: "by_length", partition: "l" };

/// The partition of the organisations with the SFTP service. No organisation has an empty name.
pub const SUBSCRIBERS: &str = "#sftp";

pub fn organisation(organisation: &OrganisationId) -> Item {
    key(of_organisation(organisation), "organisation".to_owned())
}

/// The partition of the organisation itself, of its base service's changes, and of credits.
pub fn of_organisation(organisation: &OrganisationId) -> String {
    format!("{organisation}#organisation")
}

pub fn base_change(organisation: &OrganisationId, at: DateTime<Utc>) -> Item {
    key(of_organisation(organisation), format!("{BASE_CHANGE}{:013}", at.timestamp_millis()))
}

pub fn credit(organisation: &OrganisationId, at: DateTime<Utc>, request: &str) -> Item {
    key(of_organisation(organisation), format!("{CREDIT}{}", moment(at, request)))
}

pub fn claim(organisation: &OrganisationId, name: &str) -> Item {
    key(format!("{organisation}#idempotency"), name.to_owned())
}

/// The prefix of the sort keys of base service changes.
pub const BASE_CHANGE: &str = "base-service#";
/// The prefix of the sort keys of credits.
pub const CREDIT: &str = "credit#";
/// The suffix that makes the sort key of an entry that of its void.
pub const VOID: &str = "#void";

/// The key of the void of the entry with this key.
pub fn void(mut of: Item) -> Item {
    if let Some(AttributeValue::S(place)) = of.get_mut("sk") {
        place.push_str(VOID);
    }
    of
}

pub fn user(organisation: &OrganisationId, user: &UserId) -> Item {
    key(users(organisation), user.to_string())
}

pub fn client(organisation: &OrganisationId, client: &ClientId) -> Item {
    key(clients(organisation), client.to_string())
}

pub fn group(organisation: &OrganisationId, group: &GroupId) -> Item {
    key(groups(organisation), group.to_string())
}

pub fn members(organisation: &OrganisationId, group: &GroupId) -> Item {
    key(format!("{organisation}#members"), group.to_string())
}

pub fn activation(
    organisation: &OrganisationId,
    user: &UserId,
    at: DateTime<Utc>,
    kind: &str,
) -> Item {
    key(activations(organisation), format!("{user}#{:013}#{kind}", at.timestamp_millis()))
}

pub fn recording(organisation: &OrganisationId, id: RecordingId) -> Item {
    key(recordings(organisation), id.to_string())
}

pub fn edit(organisation: &OrganisationId, id: RecordingId, version: u64) -> Item {
    key(edits(organisation), nth_edit(id, version))
}

/// The sort key of an edit.
pub fn nth_edit(id: RecordingId, version: u64) -> String {
    format!("{id}#{version:010}")
}

/// The copies found at the removal of the recording that was registered at `registered`.
pub fn removal(organisation: &OrganisationId, id: RecordingId, registered: i64) -> Item {
    key(format!("{organisation}#removal"), format!("{id}#{registered:013}"))
}

/// A job; its sort key begins with its kind.
pub fn job(organisation: &OrganisationId, kind: impl Display, id: OrderId) -> Item {
    key(jobs(organisation), format!("{kind}#{id}"))
}

pub fn jobs(organisation: &OrganisationId) -> String {
    format!("{organisation}#order")
}

pub fn import(organisation: &OrganisationId, id: OrderId) -> Item {
    key(imports(organisation), id.to_string())
}

pub fn import_part(organisation: &OrganisationId, id: OrderId, part: usize) -> Item {
    key(imports(organisation), nth_part(id, part))
}

/// The sort key of an import's part.
pub fn nth_part(id: OrderId, part: usize) -> String {
    format!("{id}#{part:05}")
}

pub fn imports(organisation: &OrganisationId) -> String {
    format!("{organisation}#import")
}

/// The entry of a recording, with the sort key `at`, in a hold.
pub fn held(organisation: &OrganisationId, hold: OrderId, at: &str) -> Item {
    key(helds(organisation), format!("{hold}#{at}"))
}

pub fn helds(organisation: &OrganisationId) -> String {
    format!("{organisation}#held")
}

/// Records that `user` annotated a call before it was registered.
pub fn early(organisation: &OrganisationId, user: &UserId, id: RecordingId) -> Item {
    key(earlies(organisation), format!("{user}#{id}"))
}

pub fn earlies(organisation: &OrganisationId) -> String {
    format!("{organisation}#early")
}

pub fn edits(organisation: &OrganisationId) -> String {
    format!("{organisation}#edit")
}

pub fn mark(organisation: &OrganisationId, mark: &Mark) -> Item {
    key(marks(organisation), mark.as_str().to_owned())
}

pub fn marks(organisation: &OrganisationId) -> String {
    format!("{organisation}#mark")
}

pub fn usage(organisation: &OrganisationId, user: &UserId) -> Item {
    key(usages(organisation), user.to_string())
}

pub fn usages(organisation: &OrganisationId) -> String {
    format!("{organisation}#usage")
}

/// A user's counts of the day `of`, closed at the end of `day`: the same day, or a later one.
pub fn daily(organisation: &OrganisationId, day: NaiveDate, user: &UserId, of: NaiveDate) -> Item {
    let late = if of == day { String::new() } else { format!("#{of}") };
    key(dailies(organisation), format!("{day}#{user}{late}"))
}

pub fn dailies(organisation: &OrganisationId) -> String {
    format!("{organisation}#daily")
}

pub fn day(organisation: &OrganisationId, day: NaiveDate) -> Item {
    key(days(organisation), day.to_string())
}

pub fn days(organisation: &OrganisationId) -> String {
    format!("{organisation}#day")
}

/// Terms of an organisation; for `None`, the operator's general ones.
pub fn price(organisation: Option<&OrganisationId>, from: NaiveDate, known: DateTime<Utc>) -> Item {
    key(prices(organisation), format!("{from}#{:013}", known.timestamp_millis()))
}

pub fn prices(organisation: Option<&OrganisationId>) -> String {
    organisation
        .map_or_else(|| format!("{OPERATOR}#price"), |organisation| format!("{organisation}#price"))
}

pub fn statement(organisation: &OrganisationId, month: Month) -> Item {
    key(statements(organisation), month.to_string())
}

pub fn statements(organisation: &OrganisationId) -> String {
    format!("{organisation}#statement")
}

/// The organisation's entry in the operator's list.
pub fn listed(organisation: &OrganisationId) -> Item {
    key(organisations(), organisation.to_string())
}

pub fn organisations() -> String {
    format!("{OPERATOR}#organisation")
}

/// A discrepancy of a kind, about a recording, a user or an object.
pub fn finding(organisation: &OrganisationId, kind: reconcile::Kind, subject: &str) -> Item {
    key(findings(organisation), format!("{kind}#{subject}"))
}

pub fn findings(organisation: &OrganisationId) -> String {
    format!("{organisation}#missing")
}

pub fn reconcile(organisation: &OrganisationId) -> Item {
    key(format!("{organisation}#sweep"), "sweep".to_owned())
}

pub fn audit(organisation: &OrganisationId, at: DateTime<Utc>, request: &str) -> Item {
    key(audits(organisation), moment(at, request))
}

/// The key of an organisation's keyed hashes.
pub fn audit_key(organisation: &OrganisationId) -> Item {
    key(format!("{organisation}#audit-key"), "audit-key".to_owned())
}

pub fn delivery_folder(organisation: &OrganisationId, delivery_folder: folder::FolderId) -> Item {
    key(
        delivery_folders(organisation),
        format!("{}#{:05}", delivery_folder.day, delivery_folder.number),
    )
}

pub fn delivery_folders(organisation: &OrganisationId) -> String {
    format!("{organisation}#drop")
}

pub fn late_arrival(organisation: &OrganisationId, id: RecordingId) -> Item {
    key(all_late(organisation), id.to_string())
}

pub fn all_late(organisation: &OrganisationId) -> String {
    format!("{organisation}#awaited")
}

pub fn budget(organisation: &OrganisationId, minute: i64, payer: &str) -> Item {
    key(format!("{organisation}#budget"), format!("{minute}#{payer}"))
}

pub fn sftp_key(organisation: &OrganisationId, fingerprint: &str) -> Item {
    key(sftp_keys(organisation), fingerprint.to_owned())
}

pub fn sftp_keys(organisation: &OrganisationId) -> String {
    format!("{organisation}#sftp")
}

/// An organisation's entry in the list of [`SUBSCRIBERS`].
pub fn subscriber(organisation: &OrganisationId) -> Item {
    key(SUBSCRIBERS.to_owned(), organisation.to_string())
}

/// A call that the operator's switch reported, under the id of its recording.
pub fn call_record(organisation: &OrganisationId, id: RecordingId) -> Item {
    key(call_records(organisation), id.to_string())
}

/// The partition of the reported calls, in the table and in [`BY_ORG`].
pub fn call_records(organisation: &OrganisationId) -> String {
    format!("{organisation}#call")
}

pub fn completeness(organisation: &OrganisationId, day: Day) -> Item {
    key(completenesses(organisation), day.to_string())
}

pub fn completenesses(organisation: &OrganisationId) -> String {
    format!("{organisation}#completeness")
}

/// The totals of some users of a day.
pub fn accounted(organisation: &OrganisationId, day: Day, part: usize) -> Item {
    key(all_accounted(organisation), format!("{day}#{part:05}"))
}

pub fn all_accounted(organisation: &OrganisationId) -> String {
    format!("{organisation}#accounted")
}

pub fn explanation(organisation: &OrganisationId, day: Day, id: RecordingId) -> Item {
    key(explanations(organisation), format!("{day}#{id}"))
}

pub fn explanations(organisation: &OrganisationId) -> String {
    format!("{organisation}#explained")
}

pub fn device(organisation: &OrganisationId, device: &DeviceId) -> Item {
    key(format!("{organisation}#device"), device.to_string())
}

pub fn noted_number(organisation: &OrganisationId, Sequence { device, number }: &Sequence) -> Item {
    key(noted_numbers(organisation), format!("{device}#{number}"))
}

pub fn noted_numbers(organisation: &OrganisationId) -> String {
    format!("{organisation}#arrived")
}

/// The partition of [`BY_USER`] with the refused registrations of an organisation.
pub fn denied_registrations(organisation: &OrganisationId) -> String {
    format!("{organisation}#refused#registrations")
}

/// The sort key of an event: its moment, then its request.
pub fn moment(at: DateTime<Utc>, request: &str) -> String {
    format!("{:013}#{request}", at.timestamp_millis())
}

pub fn users(organisation: &OrganisationId) -> String {
    format!("{organisation}#user")
}

pub fn clients(organisation: &OrganisationId) -> String {
    format!("{organisation}#client")
}

pub fn groups(organisation: &OrganisationId) -> String {
    format!("{organisation}#group")
}

pub fn activations(organisation: &OrganisationId) -> String {
    format!("{organisation}#activation")
}

pub fn audits(organisation: &OrganisationId) -> String {
    format!("{organisation}#audit")
}

/// The partition of [`BY_USER`] with the playbacks and downloads of a user's recordings.
pub fn heard(organisation: &OrganisationId, user: &UserId) -> String {
    format!("{organisation}#heard#{user}")
}

/// The sort key of a user or a group in a list by name.
pub fn named(name: &Name, id: &str) -> String {
    format!("{}#{id}", name.folded())
}

/// The partition of an organisation's recordings, in the table and in [`BY_ORG`].
pub fn recordings(organisation: &OrganisationId) -> String {
    format!("{organisation}#recording")
}

/// Whether a partition of the table holds recordings.
pub fn is_of_recordings(partition: &str) -> bool {
    partition.ends_with("#recording")
}

/// The partition of a user's recordings in [`BY_USER`].
pub fn recordings_of(organisation: &OrganisationId, user: &UserId) -> String {
    format!("{organisation}#{user}")
}

/// The partition of a counterpart's recordings in [`BY_PEER`].
pub fn recordings_with(organisation: &OrganisationId, counterpart: &Counterpart) -> String {
    format!("{organisation}#{counterpart}")
}

/// The partition of a mark's recordings in [`BY_MARK`].
pub fn recordings_marked(organisation: &OrganisationId, mark: &Mark) -> String {
    format!("{organisation}#{}", mark.as_str())
}

/// The partition in [`BY_LENGTH`] of a [class](domain::search::length::class) of stored recordings.
pub fn recordings_lasting(organisation: &OrganisationId, class: u8) -> String {
    format!("{organisation}#{class:02}")
}

/// The partition of the rejected recordings in [`BY_LENGTH`].
pub fn recordings_rejected(organisation: &OrganisationId) -> String {
    format!("{organisation}#rejected")
}

/// The partition of the postings of a word in a place, or of the held recordings, sorted by [`at`].
pub fn posting(organisation: &OrganisationId, posting: &Posting) -> String {
    match posting {
        Posting::Word(place, token) => format!("{organisation}#{}#{token}#posting", place.as_str()),
        Posting::Held => format!("{organisation}#held#posting"),
    }
}

/// The posting of the recording with this [`at`].
pub fn posted(organisation: &OrganisationId, posting: &Posting, at: String) -> Item {
    key(self::posting(organisation, posting), at)
}

pub fn word(organisation: &OrganisationId, place: Place, token: &str) -> Item {
    key(words(organisation), format!("{}#{token}", place.as_str()))
}

pub fn words(organisation: &OrganisationId) -> String {
    format!("{organisation}#word")
}

/// The digits of a number, as a search finds it by its beginning.
pub fn number(organisation: &OrganisationId, digits: &str) -> Item {
    key(numbers(organisation), digits.to_owned())
}

pub fn numbers(organisation: &OrganisationId) -> String {
    format!("{organisation}#number")
}

/// The digits of a number by their end.
pub fn ending(organisation: &OrganisationId, digits: &str) -> Item {
    key(endings(organisation), digits.chars().rev().collect())
}

pub fn endings(organisation: &OrganisationId) -> String {
    format!("{organisation}#ending")
}

/// The sort key of a recording in every index.
pub fn at(started_at: DateTime<Utc>, id: RecordingId) -> String {
    format!("{:013}#{id}", started_at.timestamp_millis())
}

/// The first sort key at or after `instant`.
pub fn from(instant: DateTime<Utc>) -> String {
    format!("{:013}", instant.timestamp_millis().max(0))
}

/// The last sort key before `instant`.
pub fn before(instant: DateTime<Utc>) -> String {
    format!("{:013}~", (instant.timestamp_millis() - 1).max(0))
}

/// The sort keys of a period, and whether a page begins within it; `None` if nothing is left.
///
/// DynamoDB accepts neither an inverted period nor a start outside it; a client may send both.
pub(super) fn span(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    forward: bool,
    after: Option<&str>,
) -> Option<Span> {
    let (first, last) = (self::from(from), before(to));
    let (begins_before, ends_before) = match after {
        Some(after) if forward => (after < first.as_str(), after > last.as_str()),
        Some(after) => (after > last.as_str(), after < first.as_str()),
        None => (true, false),
    };
    (first <= last && !ends_before).then_some(Span { first, last, within: !begins_before })
}

/// The first and the last sort key of a period, and whether the page begins after one within it.
#[derive(Debug)]
pub(super) struct Span {
    pub first: String,
    pub last: String,
    pub within: bool,
}

/// The start of the call in a sort key, if it has one.
pub(super) fn started_at(at: &str) -> Option<DateTime<Utc>> {
    let (milliseconds, _) = at.split_once('#')?;
    DateTime::from_timestamp_millis(milliseconds.parse().ok()?)
}

/// The position in a sort key that [`at`] wrote.
pub(super) fn place(at: &str) -> Option<Position> {
    let (_, id) = at.split_once('#')?;
    Some(Position { started_at: started_at(at)?, id: RecordingId::try_from(id.to_owned()).ok()? })
}

/// The organisation of a partition of recordings, if it is one.
pub(super) fn organisation_of(partition: &str) -> Option<OrganisationId> {
    let (organisation, "recording") = partition.split_once('#')? else { return None };
    OrganisationId::try_from(organisation.to_owned()).ok()
}

/// The user in a partition of [`BY_USER`], if it has one.
pub(super) fn user_of(partition: &str) -> Option<UserId> {
    let (_, user) = partition.split_once('#')?;
    UserId::try_from(user.to_owned()).ok()
}

/// The counterpart in a partition of [`BY_PEER`], if it has one.
pub(super) fn peer_of(partition: &str) -> Option<Counterpart> {
    let (_, peer) = partition.split_once('#')?;
    Some(Counterpart::from(peer.to_owned()))
}

/// Only the key of the item.
pub(super) fn alone(item: &Item) -> Item {
    item.iter()
        .filter(|(name, _)| ["pk", "sk"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn key(pk: String, sk: String) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(pk)),
        ("sk".to_owned(), AttributeValue::S(sk)),
    ])
}
