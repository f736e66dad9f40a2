//! DynamoDB: the table, its indexes that lag behind, its stream, and its throughput by partition.
//!
//! A second database is the table as an index has it: changes reach it late, and out of order.

use std::{collections::BTreeMap, fmt};

use anyhow::Context;
use chrono::{DateTime, Utc};
use dynoxide::{
    Database,
    actions::{
        describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
        get_shard_iterator::GetShardIteratorRequest,
    },
    errors::DynoxideError,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::Reply;
use crate::clock::{self, TableClock};

/// The table and what follows it.
pub struct Tables {
    main: Database,
    /// The table as the indexes have it.
    late: Database,
    /// The position in the stream; none before the first read.
    next: Option<String>,
    /// Read and written units of each partition in the running second.
    spent: BTreeMap<String, Spent>,
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").field("next", &self.next).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    second: i64,
    read: f64,
    written: f64,
}

/// The units that a partition serves in a second: DynamoDB Developer Guide, "Partitions and data distribution".
const READS: f64 = 3_000.0;
const WRITES: f64 = 1_000.0;
/// The whole table's, as a new one on demand has them.
const TABLE_READS: f64 = 12_000.0;
const TABLE_WRITES: f64 = 4_000.0;
/// The name of the whole table among its partitions.
const WHOLE: &str = "";
/// The operations that read.
pub const READING: [&str; 4] = ["GetItem", "BatchGetItem", "Query", "Scan"];

impl Tables {
    /// An empty table like the template's, with a stream and time to live.
    pub fn create(name: &str) -> anyhow::Result<Self> {
        let open = || Database::memory_with_clock(std::sync::Arc::new(TableClock));
        let tables = Self {
            main: open().context("could not open a table")?,
            late: open().context("could not open an index")?,
            next: None,
            spent: BTreeMap::new(),
        };
        let mut shape = shape(name);
        for (database, streams) in [(&tables.late, false), (&tables.main, true)] {
            if streams {
                shape["StreamSpecification"] =
                    json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
            }
            database.create_table(serde_json::from_value(shape.clone())?)?;
        }
        let ttl = json!({ "TableName": name, "TimeToLiveSpecification": { "AttributeName": "expires_at", "Enabled": true } });
        tables.main.update_time_to_live(serde_json::from_value(ttl)?)?;
        Ok(tables)
    }

    /// Performs a request. A late read sees what the indexes see.
    pub fn perform(&mut self, operation: &str, body: &Value, late: bool) -> Reply {
        let mut body = body.clone();
        body["ReturnConsumedCapacity"] = json!("TOTAL");
        let database = if late { &self.late } else { &self.main };
        let reply = match operation {
            "GetItem" => answer(&body, |request| database.get_item(request)),
            "BatchGetItem" => answer(&body, |request| database.batch_get_item(request)),
            "Query" => answer(&body, |request| database.query(request)),
            "Scan" => answer(&body, |request| database.scan(request)),
            "PutItem" => answer(&body, |request| database.put_item(request)),
            "UpdateItem" => answer(&body, |request| database.update_item(request)),
            "DeleteItem" => answer(&body, |request| database.delete_item(request)),
            "BatchWriteItem" => answer(&body, |request| database.batch_write_item(request)),
            "TransactWriteItems" => answer(&body, |request| database.transact_write_items(request)),
            _ => Reply::error(400, "UnknownOperationException", operation),
        };
        self.charge(operation, &body, &reply.body);
        reply
    }

    /// Whether a partition of the request has no throughput left in this second, if it serves a
    /// share of DynamoDB's units.
    pub fn is_exhausted(&self, operation: &str, body: &Value, share: f64) -> bool {
        let (second, reads) = (clock::now().timestamp(), READING.contains(&operation));
        let is_spent = |of: &str, read: f64, written: f64| {
            let spent = self.spent.get(of).filter(|spent| spent.second == second);
            spent.is_some_and(
                |spent| if reads { spent.read >= read } else { spent.written >= written },
            )
        };
        partitions(body).iter().any(|partition| is_spent(partition, READS * share, WRITES * share))
            || is_spent(WHOLE, TABLE_READS, TABLE_WRITES)
    }

    /// Counts a request's units, which its partitions share.
    fn charge(&mut self, operation: &str, body: &Value, reply: &Value) {
        let units = match &reply["ConsumedCapacity"] {
            Value::Array(tables) => {
                tables.iter().filter_map(|of| of["CapacityUnits"].as_f64()).sum()
            }
            table => table["CapacityUnits"].as_f64().unwrap_or_default(),
        };
        let (second, partitions) = (clock::now().timestamp(), partitions(body));
        let each = units / partitions.len().max(1) as f64;
        let shares = partitions.into_iter().map(|partition| (partition, each));
        for (partition, each) in shares.chain([(WHOLE.to_owned(), units)]) {
            let spent = self.spent.entry(partition).or_default();
            if spent.second != second {
                *spent = Spent { second, ..Spent::default() };
            }
            match READING.contains(&operation) {
                true => spent.read += each,
                false => spent.written += each,
            }
        }
    }

    /// The stream's records since the last call.
    pub fn changes(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut records = Vec::new();
        loop {
            let shard_iterator = match self.next.take() {
                Some(next) => next,
                None => self.beginning()?,
            };
            let page = self.main.get_records(GetRecordsRequest { shard_iterator, limit: None })?;
            self.next = page.next_shard_iterator;
            if page.records.is_empty() {
                return Ok(records);
            }
            for record in &page.records {
                records.push(serde_json::to_value(record)?);
            }
        }
    }

    fn beginning(&self) -> anyhow::Result<String> {
        let listed = self.main.list_streams(Default::default())?;
        let stream = listed.streams.first().context("the table has no stream")?;
        let stream_arn = stream.stream_arn.clone();
        let asked = DescribeStreamRequest { stream_arn: stream_arn.clone(), ..Default::default() };
        let described = self.main.describe_stream(asked)?;
        let shard = described.stream_description.shards.first().context("no shard")?;
        let begin = GetShardIteratorRequest {
            stream_arn,
            shard_id: shard.shard_id.clone(),
            shard_iterator_type: "TRIM_HORIZON".to_owned(),
            sequence_number: None,
        };
        self.main.get_shard_iterator(begin)?.shard_iterator.context("no beginning")
    }

    /// Brings the indexes up to date with an item.
    pub fn catch_up(&self, table: &str, key: &Value) -> anyhow::Result<()> {
        let get = json!({ "TableName": table, "Key": key, "ConsistentRead": true });
        let found = serde_json::to_value(self.main.get_item(serde_json::from_value(get)?)?)?;
        match &found["Item"] {
            Value::Null => {
                let delete = json!({ "TableName": table, "Key": key });
                self.late.delete_item(serde_json::from_value(delete)?)?;
            }
            item => {
                let put = json!({ "TableName": table, "Item": item });
                self.late.put_item(serde_json::from_value(put)?)?;
            }
        }
        Ok(())
    }

    /// Removes all expired items, as TTL does.
    pub fn remove_expired(&self) -> anyhow::Result<usize> {
        Ok(self.main.sweep_ttl()?)
    }

    /// Removes an item, as TTL never may.
    pub fn remove(&self, table: &str, item: &Value) -> anyhow::Result<()> {
        let key = json!({ "pk": item["pk"], "sk": item["sk"] });
        let delete = json!({ "TableName": table, "Key": key });
        self.main.delete_item(serde_json::from_value(delete)?)?;
        Ok(())
    }

    /// Every item of the table.
    pub fn everything(&self, table: &str) -> anyhow::Result<Vec<Value>> {
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let mut scan = json!({ "TableName": table });
            if !start.is_null() {
                scan["ExclusiveStartKey"] = start;
            }
            let page = serde_json::to_value(self.main.scan(serde_json::from_value(scan)?)?)?;
            items.extend(page["Items"].as_array().into_iter().flatten().cloned());
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                return Ok(items);
            }
        }
    }
}

fn answer<Q: DeserializeOwned, A: Serialize>(
    body: &Value,
    perform: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Reply {
    let request = match serde_json::from_value(body.clone()) {
        Ok(request) => request,
        Err(error) => return Reply::error(400, "SerializationException", &error.to_string()),
    };
    match perform(request) {
        Ok(done) => Reply { status: 200, body: serde_json::to_value(done).unwrap_or_default() },
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &DynoxideError) -> Reply {
    let body = serde_json::from_str(&error.to_json()).unwrap_or_default();
    Reply { status: error.status_code(), body }
}

/// The partition keys that a request names, of the table and of its indexes.
fn partitions(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(body, &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.get("S").and_then(Value::as_str) {
                    Some(key) if matches!(name.as_str(), "pk" | ":pk" | ":partition") => {
                        found.push(key.to_owned());
                    }
                    _ => collect(member, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn shape(name: &str) -> Value {
    let key = |partition: &str, sort: &str| {
        json!([
            { "AttributeName": partition, "KeyType": "HASH" },
            { "AttributeName": sort, "KeyType": "RANGE" },
        ])
    };
    let index = |(name, partition): (&str, &str)| json!({ "IndexName": name, "KeySchema": key(partition, "at"), "Projection": { "ProjectionType": "ALL" } });
    let attributes = ["pk", "sk", "at", "u", "p", "m", "l"]
        .map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
    let indexes = tests::table::INDEXES.map(index);
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": key("pk", "sk"),
        "GlobalSecondaryIndexes": indexes,
    })
}

/// When the indexes have a change, and which.
#[derive(Clone, Debug)]
pub struct Pending {
    pub at: DateTime<Utc>,
    pub key: Value,
}
