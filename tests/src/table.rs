//! A table of one test's own: dynoxide in this process, reached over loopback by the real SDK.

use anyhow::Context;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    },
};
use platform::table::Table;
use tokio::net::TcpListener;

use crate::requests::Requests;

const NAME: &str = "recordings";

/// An empty table, and the count of the requests made of it.
pub async fn empty() -> anyhow::Result<(Table, Requests)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let database = dynoxide::Database::memory().context("could not open a database in memory")?;
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let requests = Requests::default();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-north-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .interceptor(requests.clone())
        .build();
    let table = Table { client: Client::from_conf(config), name: NAME.to_owned() };
    create(&table).await?;
    requests.take();
    Ok((table, requests))
}

/// The indexes that the table has, by name, with the attribute of their partition; all are sorted by `at`.
pub const INDEXES: [(&str, &str); 4] = [("by_org", "pk"), ("by_user", "by_user"), ("by_peer", "by_peer"), ("by_mark", "by_mark")];

async fn create(table: &Table) -> anyhow::Result<()> {
    let mut create = table.client.create_table().table_name(&table.name).billing_mode(BillingMode::PayPerRequest);
    for name in ["pk", "sk", "at", "by_user", "by_peer", "by_mark"] {
        create = create
            .attribute_definitions(AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()?);
    }
    for (name, partition) in INDEXES {
        let projection = Projection::builder().projection_type(ProjectionType::All).build();
        let index = GlobalSecondaryIndex::builder().index_name(name).projection(projection);
        create = create.global_secondary_indexes(index.set_key_schema(Some(key(partition, "at")?)).build()?);
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
