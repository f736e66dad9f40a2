//! All organisations, in order, some at once: what is held in memory does not grow with their number.

use futures_util::{Stream, TryFutureExt, TryStreamExt, stream};
use platform::table::{Table, listed::Listed};
use tokio::task::JoinHandle;

use crate::Error;

/// Organisations that are worked on at once.
const AT_ONCE: usize = 16;
/// Names that one request reads.
const PAGE: i32 = 500;

/// Has `work` begun for some organisations ahead, and yields what came of it in the order of the list. Begun work goes on while nobody
/// asks for the next.
pub fn each<'a, T: 'a>(table: &'a Table, mut work: impl FnMut(Listed) -> JoinHandle<T> + 'a) -> impl Stream<Item = Result<T, Error>> + 'a {
    let begun = list(table).map_ok(move |listed| work(listed).map_err(Error::from));
    begun.try_buffered(AT_ONCE)
}

/// The operator's list, read as it is needed.
fn list(table: &Table) -> impl Stream<Item = Result<Listed, Error>> {
    let pages = stream::try_unfold(None, async move |last| {
        let page = table.organisations(last.as_ref(), PAGE).await?;
        let last = page.last().map(|listed| listed.id.clone());
        Ok::<_, Error>(last.map(|last| (stream::iter(page.into_iter().map(Ok)), Some(last))))
    });
    pages.try_flatten()
}
