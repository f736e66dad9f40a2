//! A table of one test's own: dynoxide in this process, reached over loopback by the real SDK.

use std::fmt;

use anyhow::Context;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    },
};
use dynoxide::actions::{
    describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
    get_shard_iterator::GetShardIteratorRequest,
};
use platform::table::Table;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{requests::Requests, units::Units};

const NAME: &str = "recordings";

/// An empty table, and the count of its requests.
pub async fn empty() -> anyhow::Result<(Table, Requests)> {
    let Watched { table, requests, .. } = made(None, Requests::default(), false).await?;
    Ok((table, requests))
}

/// An empty table in `database`, and its address.
pub async fn serve(
    database: dynoxide::Database,
    requests: &Requests,
) -> anyhow::Result<(Table, String)> {
    let endpoint = listen(database).await?;
    let table = at(&endpoint, requests);
    create(&table, None).await?;
    Ok((table, endpoint))
}

/// The table at an address.
pub fn at(endpoint: &str, requests: &Requests) -> Table {
    reached(config(endpoint, requests))
}

/// An empty table with requests counted in `requests`.
pub async fn counted(requests: &Requests) -> anyhow::Result<Table> {
    Ok(made(None, requests.clone(), false).await?.table)
}

/// An empty table with counted requests and units.
pub async fn metered() -> anyhow::Result<(Table, Requests, Units)> {
    let Watched { table, requests, units, .. } = made(None, Requests::default(), true).await?;
    Ok((table, requests, units))
}

/// A table with its stream, requests and units.
#[derive(Debug)]
pub struct Watched {
    pub table: Table,
    pub requests: Requests,
    pub units: Units,
    pub stream: Stream,
}

/// An empty table with a readable stream, and the units that its writes consume.
pub async fn watched() -> anyhow::Result<Watched> {
    let images = StreamViewType::NewAndOldImages;
    made(
        Some(StreamSpecification::builder().stream_enabled(true).stream_view_type(images).build()?),
        Requests::default(),
        true,
    )
    .await
}

/// An empty table without a stream, which would slow down as it grows.
pub async fn unwatched() -> anyhow::Result<Watched> {
    made(None, Requests::default(), false).await
}

async fn made(
    stream: Option<StreamSpecification>,
    requests: Requests,
    metered: bool,
) -> anyhow::Result<Watched> {
    let database = dynoxide::Database::memory().context("could not open a database in memory")?;
    let endpoint = listen(database.clone()).await?;
    let units = Units::default();
    let mut config = config(&endpoint, &requests);
    if metered {
        config = config.interceptor(units.clone());
    }
    let table = reached(config);
    create(&table, stream).await?;
    requests.take();
    Ok(Watched { table, requests, units, stream: Stream { database, next: None } })
}

async fn listen(database: dynoxide::Database) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    Ok(endpoint)
}

fn config(endpoint: &str, requests: &Requests) -> Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-north-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .interceptor(requests.clone())
        .interceptor(platform::consumed::Meter)
}

fn reached(config: Builder) -> Table {
    Table { client: Client::from_conf(config.build()), name: NAME.to_owned() }
}

/// The table's stream, read from its beginning.
pub struct Stream {
    database: dynoxide::Database,
    /// The next position; none before the first read.
    next: Option<String>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Stream {
    /// The new records of recordings, in order, as Lambda delivers them with the template's filter.
    pub fn news(&mut self) -> anyhow::Result<Vec<Value>> {
        let mut records = Vec::new();
        loop {
            let shard_iterator = match self.next.take() {
                Some(next) => next,
                None => self.beginning()?,
            };
            let page =
                self.database.get_records(GetRecordsRequest { shard_iterator, limit: None })?;
            self.next = page.next_shard_iterator;
            if page.records.is_empty() {
                return Ok(records);
            }
            for record in page.records.iter().map(serde_json::to_value) {
                let record = record?;
                if record["dynamodb"]["Keys"]["pk"]["S"]
                    .as_str()
                    .is_some_and(|pk| pk.ends_with("#recording"))
                {
                    records.push(record);
                }
            }
        }
    }

    fn beginning(&self) -> anyhow::Result<String> {
        let listed = self.database.list_streams(Default::default())?;
        let stream_arn =
            listed.streams.first().context("the table has no stream")?.stream_arn.clone();
        let described = self.database.describe_stream(DescribeStreamRequest {
            stream_arn: stream_arn.clone(),
            ..Default::default()
        })?;
        let [shard] = described.stream_description.shards.as_slice() else {
            anyhow::bail!("the stream has not one shard")
        };
        let (shard_id, shard_iterator_type) = (shard.shard_id.clone(), "TRIM_HORIZON".to_owned());
        let begin = GetShardIteratorRequest {
            stream_arn,
            shard_id,
            shard_iterator_type,
            sequence_number: None,
        };
        self.database.get_shard_iterator(begin)?.shard_iterator.context("a beginning of the stream")
    }
}

/// The table's indexes by name, with the attribute of their partition key. All are sorted by `at`.
pub const INDEXES: [(&str, &str); 5] =
    [("by_org", "pk"), ("by_user", "u"), ("by_peer", "p"), ("by_mark", "m"), ("by_length", "l")];

async fn create(table: &Table, stream: Option<StreamSpecification>) -> anyhow::Result<()> {
    let mut create = table
        .client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest);
    create = create.set_stream_specification(stream);
    for name in ["pk", "sk", "at", "u", "p", "m", "l"] {
        create = create.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()?,
        );
    }
    for (name, partition) in INDEXES {
        let projection = Projection::builder().projection_type(ProjectionType::All).build();
        let index = GlobalSecondaryIndex::builder().index_name(name).projection(projection);
        create = create
            .global_secondary_indexes(index.set_key_schema(Some(key(partition, "at")?)).build()?);
    }
    create.set_key_schema(Some(key("pk", "sk")?)).send().await?;
    Ok(())
}

fn key(partition: &str, sort: &str) -> anyhow::Result<Vec<KeySchemaElement>> {
    Ok(vec![
        KeySchemaElement::builder().attribute_name(partition).key_type(KeyType::Hash).build()?,
        KeySchemaElement::builder().attribute_name(sort).key_type(KeyType::Range).build()?,
    ])
}
