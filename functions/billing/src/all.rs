//! Processes all organisations in order, some at once. Memory does not grow with their number.

use futures_util::{Stream, TryFutureExt, TryStreamExt, stream};
use platform::table::{Table, organisation_list::Listed};
use tokio::task::JoinHandle;

use crate::Error;

/// Organisations in progress at a time.
const AT_ONCE: usize = 16;
/// Organisations on one page.
const PAGE: usize = 500;

/// Runs `work` ahead, also while the consumer is busy, and yields the results in list order.
pub fn each<'a, T: 'a>(
    table: &'a Table,
    mut work: impl FnMut(Listed) -> JoinHandle<T> + 'a,
) -> impl Stream<Item = Result<T, Error>> + 'a {
    let begun = list(table).map_ok(move |listed| work(listed).map_err(Error::from));
    begun.try_buffered(AT_ONCE)
}

/// The operator's list, read page by page on demand.
fn list(table: &Table) -> impl Stream<Item = Result<Listed, Error>> {
    let pages = stream::try_unfold(None, async move |last| {
        let page = table.organisations().page(last.as_ref(), PAGE).await?;
        let last = page.last().map(|listed| listed.id.clone());
        Ok::<_, Error>(last.map(|last| (stream::iter(page.into_iter().map(Ok)), Some(last))))
    });
    pages.try_flatten()
}
