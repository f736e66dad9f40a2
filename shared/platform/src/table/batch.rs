//! Stores and removes many items without conditions, 25 in one request.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{DeleteRequest, PutRequest, WriteRequest},
};

use super::{Error, Table, key::Item};

/// The most writes in one request.
const AT_ONCE: usize = 25;
/// Requests for the same writes while the table accepts only some of them.
const ATTEMPTS: u32 = 6;

impl Table {
    /// Stores items over any with their keys. 1 request for every 25; more while the table is busy.
    ///
    /// # Errors
    /// Some may be stored then. A repetition is harmless.
    pub(super) async fn put_all(&self, items: impl IntoIterator<Item = Item>) -> Result<(), Error> {
        self.replace_all(items, []).await
    }

    /// Removes the items with these keys, as [`Table::put_all`] stores.
    pub(super) async fn delete_all(
        &self,
        keys: impl IntoIterator<Item = Item>,
    ) -> Result<(), Error> {
        self.replace_all([], keys).await
    }

    /// Stores some items and removes others, as [`Table::put_all`] stores.
    pub(super) async fn replace_all(
        &self,
        items: impl IntoIterator<Item = Item>,
        gone: impl IntoIterator<Item = Item>,
    ) -> Result<(), Error> {
        let puts = items.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        let deletes = gone.into_iter().map(|key| {
            let delete = DeleteRequest::builder().set_key(Some(key)).build()?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        });
        let writes: Result<Vec<_>, BuildError> = puts.chain(deletes).collect();
        for some in writes.map_err(|error| Error::Request(error.into()))?.chunks(AT_ONCE) {
            self.write_batch(some.to_vec()).await?;
        }
        Ok(())
    }

    async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<(), Error> {
        let mut left = HashMap::from([(self.name.clone(), writes)]);
        for attempt in 0..ATTEMPTS {
            let answer =
                self.client.batch_write_item().set_request_items(Some(left)).send().await?;
            left = answer.unprocessed_items.unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
        Err(Error::Busy)
    }
}
