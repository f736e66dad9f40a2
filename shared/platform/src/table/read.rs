//! Reads items: one, several, or all of a partition.

use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::KeysAndAttributes};

use super::{Error, Table, attributes::s, key::Item};

/// The most items in one request.
pub const BATCH: usize = 100;

impl Table {
    /// An item. 1 request.
    pub(super) async fn get(&self, key: Item) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key)).consistent_read(true);
        Ok(get.send().await?.item)
    }

    /// All items whose sort key begins with `prefix`, in order. 1 request for each MB, consistent.
    pub(super) async fn all(&self, partition: String, prefix: &str) -> Result<Vec<Item>, Error> {
        let query = self.client.query().table_name(&self.name).consistent_read(true).expression_attribute_values(":pk", s(partition));
        let query = match prefix {
            "" => query.key_condition_expression("pk = :pk"),
            prefix => {
                query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)").expression_attribute_values(":prefix", s(prefix))
            }
        };
        every(query).await
    }

    /// The existing items of at most [`BATCH`] keys, in no order. 1 request.
    pub(super) async fn batch(&self, keys: impl IntoIterator<Item = Item>) -> Result<Vec<Item>, Error> {
        let keys: Vec<Item> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys)).build();
        let keys = keys.map_err(|error| Error::Request(error.into()))?;
        let answer = self.client.batch_get_item().request_items(&self.name, keys).send().await?;
        if answer.unprocessed_keys().is_some_and(|keys| !keys.is_empty()) {
            return Err(Error::Busy);
        }
        Ok(answer.responses.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default())
    }

    /// All items of a partition between two sort keys, inclusive, in order. 1 request for each MB.
    pub(super) async fn all_between(&self, partition: &str, index: Option<&str>, ends: (&str, &str)) -> Result<Vec<Item>, Error> {
        every(self.between(partition, index, ends)).await
    }

    /// A query of a partition between two sort keys, inclusive.
    pub(super) fn between(&self, partition: &str, index: Option<&str>, ends: (&str, &str)) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.name).set_index_name(index.map(str::to_owned));
        query
            .key_condition_expression("pk = :partition AND #place BETWEEN :from AND :to")
            .expression_attribute_names("#place", place(index))
            .expression_attribute_values(":partition", s(partition))
            .expression_attribute_values(":from", s(ends.0))
            .expression_attribute_values(":to", s(ends.1))
    }
}

/// Every item that the query finds. (The SDK's own paginator nests too deep for the compiler here.)
async fn every(query: QueryFluentBuilder) -> Result<Vec<Item>, Error> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let answer = query.clone().set_exclusive_start_key(start).send().await?;
        items.extend(answer.items.unwrap_or_default());
        start = answer.last_evaluated_key;
        if start.is_none() {
            return Ok(items);
        }
    }
}

/// The item with that key.
pub(super) fn find<'a>(items: &'a [Item], key: &Item) -> Option<&'a Item> {
    items.iter().find(|item| key.iter().all(|(name, value)| item.get(name) == Some(value)))
}

/// The attribute of the sort key in the table or in an index.
pub(super) fn place(index: Option<&str>) -> &'static str {
    if index.is_some() { "at" } else { "sk" }
}
