//! Defects that a test builds in, to prove that a storm notices them.

use serde_json::{Value, json};

use super::{Aws, Operation, Reply, Service, TABLE};
use crate::function::{DROP, ERASURES, RECORDINGS};

/// A defect. It acts on every third occasion, because one that always acts is easy to notice. Only
/// a supervision ends too rarely for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Writes of an item of this kind have no effect.
    Lost(&'static str),
    /// Audio, or a copy of it in a delivery folder, is not removed.
    RetainedAudio,
    RetainedCopy,
    /// Audio is not copied into a delivery folder.
    OmittedCopy,
    /// The last byte of uploaded audio changes.
    ChangedAudio,
    /// The record of an erasure outside the table is not written.
    LostErasure,
    /// A message of a retention job is deleted when it is received.
    LostMessage,
    /// TTL removes a held recording.
    RemovedHeld,
    /// A recording expires a day early.
    EarlyExpiry,
    /// A query finds a recording of another organisation.
    ForeignRow,
    /// A supervision that an administrator ends remains.
    RetainedSupervision,
}

/// Every defect that a test builds in, and what a storm says of it.
pub const DEFECTS: [(Sabotage, &str); 17] = [
    (Sabotage::Lost("#usage"), "counted"),
    (Sabotage::Lost("#audit"), "events of"),
    (Sabotage::Lost("#edit"), "in its history"),
    (Sabotage::Lost("#posting"), "no posting"),
    (Sabotage::Lost("#word"), "lists word"),
    (Sabotage::Lost("#day"), "closed"),
    (Sabotage::Lost("#statement"), "has no statement"),
    (Sabotage::RetainedAudio, "is gone, and recordings-bucket has"),
    (Sabotage::RetainedCopy, "is gone, and drop-bucket has"),
    (Sabotage::OmittedCopy, "in the folders"),
    (Sabotage::ChangedAudio, "versions of audio, or another"),
    (Sabotage::LostErasure, "without a record"),
    (Sabotage::LostMessage, ", not done"),
    (Sabotage::RemovedHeld, "while it was held"),
    (Sabotage::EarlyExpiry, "expires at"),
    (Sabotage::RetainedSupervision, "Supervisor of"),
    (Sabotage::ForeignRow, "finds"),
];

impl Aws {
    /// Whether a defect acts now: on every third of its occasions.
    pub fn sabotages(&self, defect: Sabotage) -> bool {
        if self.sabotage != Some(defect) {
            return false;
        }
        let occasion = self.occasions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        occasion % 3 == 1
    }

    /// The request that is performed instead, or the reply that is sent instead of one.
    pub(super) fn sabotaged(&self, operation: &Operation) -> Option<Result<Operation, Reply>> {
        match (self.sabotage?, operation.service) {
            (Sabotage::Lost(kind), Service::Table) => self.without(operation, kind),
            (Sabotage::EarlyExpiry, Service::Table) => self.expiring_early(operation),
            (Sabotage::RetainedSupervision, Service::Table) => {
                self.retaining_supervision(operation)
            }
            (_, Service::Bucket) => self.sabotaged_in_bucket(operation),
            _ => None,
        }
    }

    /// A write without the items of a kind.
    fn without(&self, operation: &Operation, kind: &str) -> Option<Result<Operation, Reply>> {
        let sabotage = self.sabotage?;
        let is_lost = |item: &Value| {
            let pk = item["pk"]["S"].as_str();
            pk.is_some_and(|pk| pk.ends_with(kind)) && self.sabotages(sabotage)
        };
        let mut other = operation.clone();
        match operation.name.as_str() {
            "PutItem" if is_lost(&operation.body["Item"]) => Some(Err(Reply::done(json!({})))),
            "UpdateItem" if is_lost(&operation.body["Key"]) => Some(Err(Reply::done(json!({})))),
            "TransactWriteItems" => {
                for (number, write) in items(&mut other.body["TransactItems"]).enumerate() {
                    if is_lost(&write["Put"]["Item"]) || is_lost(&write["Update"]["Key"]) {
                        *write = nothing(number);
                    }
                }
                Some(Ok(other))
            }
            "BatchWriteItem" => {
                let writes = other.body["RequestItems"][TABLE].as_array_mut()?;
                writes.retain(|write| !is_lost(&write["PutRequest"]["Item"]));
                match writes.is_empty() {
                    true => Some(Err(Reply::done(json!({})))),
                    false => Some(Ok(other)),
                }
            }
            _ => None,
        }
    }

    /// A registration whose recording expires a day early.
    fn expiring_early(&self, operation: &Operation) -> Option<Result<Operation, Reply>> {
        if operation.name != "TransactWriteItems" {
            return None;
        }
        let mut other = operation.clone();
        for write in items(&mut other.body["TransactItems"]) {
            let pk = write["Update"]["Key"]["pk"]["S"].as_str().unwrap_or_default();
            let registers = pk.ends_with("#recording")
                && write["Update"]["ExpressionAttributeValues"][":registered"].is_object();
            let end = write.pointer_mut("/Update/ExpressionAttributeValues/:expires_at/N");
            if let Some(end) = end.filter(|_| registers)
                && let Some(seconds) = end.as_str().and_then(|text| text.parse::<i64>().ok())
                && self.sabotages(Sabotage::EarlyExpiry)
            {
                *end = json!((seconds - 86_400).to_string());
            }
        }
        Some(Ok(other))
    }

    /// A transaction that does not end a supervision.
    fn retaining_supervision(&self, operation: &Operation) -> Option<Result<Operation, Reply>> {
        if operation.name != "TransactWriteItems" {
            return None;
        }
        let mut other = operation.clone();
        let names_it = |update: &Value| {
            let names = update["ExpressionAttributeNames"].as_object();
            let mut names = names.into_iter().flat_map(|names| names.values());
            names.any(|name| name == "supervises" || name == "supervisors")
                && update["UpdateExpression"].as_str().is_some_and(|it| it.starts_with("REMOVE"))
        };
        let writes: Vec<&mut Value> = items(&mut other.body["TransactItems"])
            .filter(|write| names_it(&write["Update"]))
            .collect();
        if writes.is_empty() {
            return None;
        }
        for (number, write) in writes.into_iter().enumerate() {
            *write = nothing(number);
        }
        Some(Ok(other))
    }

    fn sabotaged_in_bucket(&self, operation: &Operation) -> Option<Result<Operation, Reply>> {
        let (method, path) = operation.name.split_once(' ')?;
        let (bucket, key) = path.strip_prefix('/')?.split_once('/')?;
        let (head, _) = operation.request.as_ref()?;
        let copies = head.headers.contains_key("x-amz-copy-source");
        let acts = match (self.sabotage?, method, bucket) {
            (Sabotage::RetainedAudio, "DELETE", RECORDINGS) => true,
            (Sabotage::RetainedCopy, "DELETE", DROP) => key.starts_with("files/"),
            (Sabotage::LostErasure, "PUT", ERASURES) => true,
            (Sabotage::OmittedCopy, "PUT", DROP) if copies => {
                if !self.sabotages(Sabotage::OmittedCopy) {
                    return None;
                }
                let mut other = operation.clone();
                let (head, _) = other.request.as_mut()?;
                head.uri = format!("/{DROP}/lost/{key}").parse().ok()?;
                return Some(Ok(other));
            }
            _ => false,
        };
        (acts && self.sabotages(self.sabotage?)).then(|| Err(Reply::nothing()))
    }

    /// Changes audio that a phone has just uploaded.
    pub(super) fn spoil(&self, operation: &Operation) {
        let key = operation.name.strip_prefix("PUT /").and_then(|path| path.split_once('/'));
        if let Some((RECORDINGS, key)) = key
            && self.sabotages(Sabotage::ChangedAudio)
        {
            self.store.spoil(RECORDINGS, key);
        }
    }

    /// Removes a held recording, as TTL never may.
    pub fn remove_held(&self) -> anyhow::Result<()> {
        if self.sabotage != Some(Sabotage::RemovedHeld) {
            return Ok(());
        }
        let tables = self.tables();
        for item in tables.everything(TABLE)? {
            if item["holds"].is_object() && self.sabotages(Sabotage::RemovedHeld) {
                tables.remove(TABLE, &item)?;
            }
        }
        Ok(())
    }

    /// Adds a recording of another organisation to what a query finds.
    pub(super) fn add_foreign_row(&self, operation: &Operation, reply: &mut Reply) {
        let Some(rows) = reply.body["Items"].as_array_mut() else { return };
        let Some(own) = rows.first() else { return };
        let (pk, is_index) = (own["pk"]["S"].as_str(), operation.body["IndexName"] == "by_org");
        let Some(pk) = pk.filter(|pk| is_index && pk.ends_with("#recording")) else { return };
        if !self.sabotages(Sabotage::ForeignRow) {
            return;
        }
        let everything = self.tables().everything(TABLE).unwrap_or_default();
        let foreign = everything.into_iter().find(|item| {
            let of = item["pk"]["S"].as_str();
            of.is_some_and(|of| of.ends_with("#recording") && of != pk)
                && item["state"]["S"].as_str().is_some_and(|state| state != "erased")
        });
        // It is placed like the row that it replaces, or the search would leave it out.
        if let Some(mut foreign) = foreign {
            for key in ["at", "u", "p", "m", "l"] {
                match (own.get(key), foreign.as_object_mut()) {
                    (Some(value), Some(foreign)) => foreign.insert(key.to_owned(), value.clone()),
                    (_, foreign) => foreign.and_then(|foreign| foreign.remove(key)),
                };
            }
            rows[0] = foreign;
        }
    }
}

/// A write of a transaction that changes nothing.
fn nothing(number: usize) -> Value {
    let item = json!({ "pk": { "S": "lost" }, "sk": { "S": number.to_string() } });
    json!({ "Put": { "TableName": TABLE, "Item": item } })
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}
