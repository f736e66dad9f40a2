//! The audit log: who did what to what, when, from where, and how it ended. Events are only ever added.
//!
//! | attribute   | what |
//! |-------------|------|
//! | `who`       | `user:ID`, `client:ID`, `operator:ID`, or `service` where a day came or an order was carried out |
//! | `deed`      | see [`Deed`] |
//! | `recording` | the recording that it was about |
//! | `subject`   | the user, group, client or order that it was about |
//! | `owner`     | the recorded user, where someone listened or downloaded; then also `u` and `at` |
//! | `detail`    | what was decided, as JSON: the rights, the cover, who joined or left; which filters were used, see `keyed_hash` |
//! | `reason`    | why, in the caller's words but without telephone numbers, where the organisation asks for it |
//! | `refused`   | the stable type of the problem that it ended in; absent: it was done |
//! | `address`, `request` | where it came from, and the request's id |

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    phone::without_numbers,
};
use serde::Serialize;

use crate::answer;

use super::{
    BadItem, Error, Table,
    attributes::{optional_parsed, optional_text, s, text},
    commit::Writes,
    key::{self, Item},
};

/// Something that someone did, or was refused.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: DateTime<Utc>,
    pub organisation: OrganisationId,
    pub who: String,
    pub deed: Deed,
    pub recording: Option<RecordingId>,
    pub subject: Option<String>,
    pub owner: Option<UserId>,
    /// What was decided, as JSON.
    pub detail: Option<String>,
    pub reason: Option<String>,
    pub refused: Option<String>,
    /// The caller's address.
    pub address: String,
    /// The request's id, which makes the event one of its own.
    pub request: String,
}

macro_rules! deeds {
    ($($deed:ident $name:literal)*) => {
        /// What was done or asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Deed { $($deed,)* }

        impl Deed {
            pub fn as_str(self) -> &'static str { match self { $(Self::$deed => $name,)* } }

            pub fn parse(text: &str) -> Option<Self> { match text { $($name => Some(Self::$deed),)* _ => None } }
        }
    };
}

deeds! {
    Register "register"
    Search "search"
    See "see"
    Play "play"
    Download "download"
    Enter "enter"
    SignIn "sign-in"
    Acknowledge "acknowledge"
    ListUsers "list-users"
    SeeUser "see-user"
    ChangeUser "change-user"
    Activate "activate"
    Deactivate "deactivate"
    PreviewActivation "preview-activation"
    ListGroups "list-groups"
    SeeGroup "see-group"
    ChangeGroup "change-group"
    RemoveGroup "remove-group"
    ChangeMembers "change-members"
    ChangeSupervisor "change-supervisor"
    RemoveSupervisor "remove-supervisor"
    ListClients "list-clients"
    RemoveClient "remove-client"
    SeeOrganisation "see-organisation"
    ChangeOrganisation "change-organisation"
    ReadAudit "read-audit"
    SeeListeners "see-listeners"
    Provision "provision"
    ProvisionOrganisation "provision-organisation"
    ProvisionUser "provision-user"
    RemoveUser "remove-user"
    RestoreUser "restore-user"
    ImportUsers "import-users"
    ProvisionClient "provision-client"
    Annotate "annotate"
    SeeEdits "see-edits"
    ChangeMark "change-mark"
    PlaceHold "place-hold"
    LiftHold "lift-hold"
    SeeHolds "see-holds"
    PreviewRetention "preview-retention"
    ChangeRetention "change-retention"
    SeeRetention "see-retention"
    PreviewErasure "preview-erasure"
    OrderErasure "order-erasure"
    SeeErasures "see-erasures"
    EndErasure "end-erasure"
    Expire "expire"
    Erase "erase"
    ListSftpKeys "list-sftp-keys"
    AddSftpKey "add-sftp-key"
    RemoveSftpKey "remove-sftp-key"
    ListDrops "list-drops"
    OrderDrop "order-drop"
    ProvisionPrices "provision-prices"
    VoidPrices "void-prices"
    CorrectActivation "correct-activation"
    VoidActivation "void-activation"
    CreditLine "credit-line"
    SeeUsage "see-usage"
    ListStatements "list-statements"
    SeeStatement "see-statement"
    SeeMissing "see-missing"
}

/// Which events to read: those of an organisation, newest first.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    pub organisation: &'a OrganisationId,
    /// Only those of listening to this user's recordings.
    pub owner: Option<&'a UserId>,
    /// From this moment, inclusive.
    pub from: DateTime<Utc>,
    /// To this moment, exclusive.
    pub to: DateTime<Utc>,
    pub who: Option<String>,
    /// All but those of this one.
    pub but: Option<String>,
    pub deed: Option<Deed>,
    pub recording: Option<RecordingId>,
    pub subject: Option<String>,
    /// Only refusals, or only what was done.
    pub refused: Option<bool>,
    pub limit: usize,
    /// After this place, for the next page.
    pub after: Option<String>,
}

/// Queries that one page may take while the filters leave out most of what they read.
const QUERIES_AT_MOST: usize = 5;
/// Bytes of an event in an answer, beside its texts.
const EVENT: usize = 400;

impl Table {
    /// Adds an event, unless it is there. 1 request.
    pub async fn audit(&self, event: &Event) -> Result<(), Error> {
        self.put_new(item(event)).await
    }

    /// A page of events, and the place after which the next begins. 1 request, up to `QUERIES_AT_MOST` where filters leave out most;
    /// then the page may come short.
    pub async fn events(&self, reading: &Reading<'_>) -> Result<(Vec<Event>, Option<String>), Error> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        let Some(span) = key::span(reading.from, reading.to, false, reading.after.as_deref()) else { return Ok((events, None)) };
        let mut after = reading.after.clone().filter(|_| span.within);
        for _ in 0..QUERIES_AT_MOST {
            let (items, next) = self.query_events(reading, &span, after.as_deref()).await?;
            for item in &items {
                let event = read(reading.organisation, item)?;
                after = Some(text(item, place(reading))?.to_owned());
                bytes += event.bytes();
                events.push(event);
                if events.len() == reading.limit || bytes >= answer::BYTES {
                    return Ok((events, after));
                }
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        Ok((events, after))
    }

    async fn query_events(
        &self,
        reading: &Reading<'_>,
        span: &key::Span,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let partition = match reading.owner {
            Some(owner) => key::heard(reading.organisation, owner),
            None => key::audits(reading.organisation),
        };
        let mut query = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(reading.owner.map(|_| key::BY_USER.name.to_owned()))
            .key_condition_expression("#partition = :partition AND #place BETWEEN :from AND :to")
            .expression_attribute_names("#partition", if reading.owner.is_some() { key::BY_USER.partition } else { "pk" })
            .expression_attribute_names("#place", place(reading))
            .expression_attribute_values(":partition", s(&partition))
            .expression_attribute_values(":from", s(&span.first))
            .expression_attribute_values(":to", s(&span.last))
            .scan_index_forward(false)
            .set_exclusive_start_key(after.map(|after| start(reading, &partition, after)));
        let filters: Vec<&str> = filters(reading).into_iter().map(|(filter, _)| filter).collect();
        if filters.is_empty() {
            query = query.limit(i32::try_from(reading.limit).unwrap_or(i32::MAX));
        } else {
            query = query.filter_expression(filters.join(" AND "));
        }
        for (filter, value) in self::filters(reading) {
            if let (Some(name), Some(value)) = (filter.split(' ').find(|word| word.starts_with(':')), value) {
                query = query.expression_attribute_values(name, value);
            }
        }
        let answer = query.send().await?;
        let next = answer.last_evaluated_key.map(|key| text(&key, place(reading)).map(str::to_owned)).transpose()?;
        Ok((answer.items.unwrap_or_default(), next))
    }
}

impl Event {
    /// Bytes that the event takes in an answer, at most.
    pub fn bytes(&self) -> usize {
        let Self { who, subject, detail, reason, address, request, .. } = self;
        let said = [subject, detail, reason].into_iter().flatten().chain([who, address, request]);
        EVENT + said.map(|text| answer::escaped(text)).sum::<usize>()
    }

    /// The event with what was decided.
    pub fn detailed(self, what: &impl Serialize) -> Self {
        Self { detail: serde_json::to_string(what).ok(), ..self }
    }
}

impl Writes<'_> {
    /// Adds the event to what is written.
    pub fn audit(&mut self, event: &Event) {
        self.put_new(item(event)); // an event is never written over
    }
}

fn item(event: &Event) -> Item {
    let mut item = key::audit(&event.organisation, event.at, &event.request);
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), AttributeValue::S(value));
        }
    };
    set("who", Some(event.who.clone()));
    set("deed", Some(event.deed.as_str().to_owned()));
    set("recording", event.recording.map(|id| id.to_string()));
    set("subject", event.subject.clone());
    set("detail", event.detail.clone());
    set("reason", event.reason.as_deref().map(without_numbers));
    set("refused", event.refused.clone());
    set("address", Some(event.address.clone()));
    set("request", Some(event.request.clone()));
    if let Some(owner) = &event.owner {
        set("owner", Some(owner.to_string()));
        set(key::BY_USER.partition, Some(key::heard(&event.organisation, owner)));
        set("at", Some(key::moment(event.at, &event.request)));
    }
    item
}

fn read(organisation: &OrganisationId, item: &Item) -> Result<Event, BadItem> {
    let at = key::started_at(text(item, "sk")?).ok_or(BadItem { attribute: "sk" })?;
    let own = |name| Ok::<_, BadItem>(optional_text(item, name)?.map(str::to_owned));
    Ok(Event {
        at,
        organisation: organisation.clone(),
        who: text(item, "who")?.to_owned(),
        deed: Deed::parse(text(item, "deed")?).ok_or(BadItem { attribute: "deed" })?,
        recording: optional_parsed(item, "recording")?,
        subject: own("subject")?,
        owner: optional_parsed(item, "owner")?,
        detail: own("detail")?,
        reason: own("reason")?,
        refused: own("refused")?,
        address: text(item, "address")?.to_owned(),
        request: text(item, "request")?.to_owned(),
    })
}

fn place(reading: &Reading<'_>) -> &'static str {
    if reading.owner.is_some() { "at" } else { "sk" }
}

fn start(reading: &Reading<'_>, partition: &str, after: &str) -> Item {
    let mut key = Item::from([("pk".to_owned(), s(key::audits(reading.organisation))), ("sk".to_owned(), s(after))]);
    if reading.owner.is_some() {
        key.extend([(key::BY_USER.partition.to_owned(), s(partition)), ("at".to_owned(), s(after))]);
    }
    key
}

fn filters(reading: &Reading<'_>) -> Vec<(&'static str, Option<AttributeValue>)> {
    let refused = reading.refused.map(|refused| if refused { "attribute_exists(refused)" } else { "attribute_not_exists(refused)" });
    [
        reading.who.as_ref().map(|who| ("who = :who", Some(s(who)))),
        reading.but.as_ref().map(|who| ("who <> :but", Some(s(who)))),
        reading.deed.map(|deed| ("deed = :deed", Some(s(deed.as_str())))),
        reading.recording.map(|id| ("recording = :recording", Some(s(id)))),
        reading.subject.as_ref().map(|subject| ("subject = :subject", Some(s(subject)))),
        refused.map(|filter| (filter, None)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
