//! Reads items: one, several, or all of a partition.

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::{Error, Table, key::Item};

/// The most items in one request.
pub const BATCH: usize = 100;

impl Table {
    /// An item. 1 request.
    pub(super) async fn get(&self, key: Item) -> Result<Option<Item>, Error> {
        let get =
            self.client.get_item().table_name(&self.name).set_key(Some(key)).consistent_read(true);
        Ok(get.send().await?.item)
    }

    /// All items whose sort key begins with `prefix`, in order. 1 request for each MB, consistent.
    pub(super) async fn all(&self, partition: String, prefix: &str) -> Result<Vec<Item>, Error> {
        let query = self.query(partition, None).consistent();
        if prefix.is_empty() { query.all().await } else { query.beginning(prefix).all().await }
    }

    /// The existing items of at most [`BATCH`] keys, in no order. 1 request.
    pub(super) async fn batch(
        &self,
        keys: impl IntoIterator<Item = Item>,
    ) -> Result<Vec<Item>, Error> {
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
}

/// The item with that key.
pub(super) fn find<'a>(items: &'a [Item], key: &Item) -> Option<&'a Item> {
    items.iter().find(|item| key.iter().all(|(name, value)| item.get(name) == Some(value)))
}
