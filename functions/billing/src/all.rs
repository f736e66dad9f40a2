//! All organisations, in order, some at once: what is held in memory does not grow with their number.

use std::{collections::VecDeque, vec};

use domain::ids::OrganisationId;
use platform::table::{self, Table, listed::Listed};
use tokio::task::JoinHandle;

use crate::Error;

/// Organisations that are worked on at once.
const AT_ONCE: usize = 16;
/// Names that one request reads.
const PAGE: i32 = 500;

/// The operator's list, read as it is needed.
struct List<'a> {
    table: &'a Table,
    page: vec::IntoIter<Listed>,
    last: Option<OrganisationId>,
    over: bool,
}

/// Has `work` done for each organisation, and hands what came of it to `take` in the order of the list.
pub async fn each<T: Send + 'static>(
    table: &Table,
    work: impl Fn(Listed) -> JoinHandle<T>,
    mut take: impl AsyncFnMut(T) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut list = List { table, page: Vec::new().into_iter(), last: None, over: false };
    let mut under_way = VecDeque::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some(listed) = list.next().await?
        {
            under_way.push_back(work(listed));
        }
        let Some(first) = under_way.pop_front() else { return Ok(()) };
        take(first.await?).await?;
    }
}

impl List<'_> {
    async fn next(&mut self) -> Result<Option<Listed>, table::Error> {
        if self.page.len() == 0 && !self.over {
            let page = self.table.organisations(self.last.as_ref(), PAGE).await?;
            self.over = page.is_empty();
            self.last = page.last().map(|listed| listed.id.clone());
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}
