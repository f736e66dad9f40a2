//! Lists of users and groups by name, and the search in them.
//!
//! | item  | attributes |
//! |-------|------------|
//! | user  | `name`, `phone`, `extension`, `language`, `plan`, `administrator`, `rights`, `activated_at`, `acknowledged_at`, `acknowledged_version`, `acknowledged_client`, `groups`, `supervises`, `removed_at`; after an erasure `removed_at` and `erased` |
//! | group | `name`, `supervisors` |
//! | both  | `at` (`NAME#ID`, the name folded) and `found_by` (the searched text, folded) |

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{GroupId, OrganisationId, UserId},
    people::{User, fold},
};

use super::{
    Directory, Error,
    attributes::{parsed, s, text},
    group::{self, Group},
    key::{self, Item},
    people,
    read::BATCH,
};

/// The part of a list to read, sorted by name.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    pub organisation: &'a OrganisationId,
    /// Only those whose name, id or number contains this text, in any case.
    pub holding: Option<&'a str>,
    pub limit: usize,
    /// The sort key after which the page begins.
    pub after: Option<String>,
}

/// The most queries for one page, when a search excludes most rows, 1 MB each.
const QUERIES_AT_MOST: usize = 5;
/// The most queries for everyone of a name, 1 MB each: some 2,500 users.
const QUERIES_FOR_ALL: usize = 20;

impl Directory<'_> {
    /// A page of the organisation's users, and the sort key after which the next begins. 1 request;
    /// for a search up to `QUERIES_AT_MOST`, and the page may be short.
    pub async fn users(self, page: &Page<'_>) -> Result<(Vec<User>, Option<String>), Error> {
        let (items, next) = self
            .named(page, key::users(page.organisation), Some("attribute_not_exists(removed_at)"))
            .await?;
        let users = items.iter().map(people::read_user).collect::<Result<Vec<_>, _>>()?;
        Ok((users.into_iter().flatten().collect(), next))
    }

    /// A page of the organisation's groups, as [`Directory::users`].
    pub async fn groups(self, page: &Page<'_>) -> Result<(Vec<Group>, Option<String>), Error> {
        let (items, next) = self
            .named(page, key::groups(page.organisation), Some("attribute_not_exists(removed_at)"))
            .await?;
        let groups = items.iter().map(group::read).collect::<Result<Vec<_>, _>>()?;
        Ok((groups.into_iter().flatten().collect(), next))
    }

    /// The users whose name, id or number contains the text, in any case. Removed users are
    /// included, because their recordings remain. `None` if the organisation has more users than
    /// can be read. 1 request for each MB of users, up to `QUERIES_FOR_ALL`.
    pub async fn users_holding(
        self,
        organisation: &OrganisationId,
        holding: &str,
    ) -> Result<Option<BTreeSet<UserId>>, Error> {
        let query = self
            .0
            .query(key::users(organisation), Some(key::BY_ORG))
            .filter("contains(found_by, :holding)")
            .only(&["sk"]);
        let (mut found, mut pages) =
            (BTreeSet::new(), query.given("holding", s(fold(holding))).pages());
        for _ in 0..QUERIES_FOR_ALL {
            let Some(page) = pages.next().await? else { return Ok(Some(found)) };
            for item in &page.items {
                found.insert(parsed(item, "sk")?);
            }
        }
        Ok(pages.is_over.then_some(found))
    }

    /// Those of `users` whose name, id or number contains the text. 1 request for each 100.
    pub async fn among(
        self,
        organisation: &OrganisationId,
        users: &BTreeSet<UserId>,
        holding: &str,
    ) -> Result<BTreeSet<UserId>, Error> {
        let (holding, users) = (fold(holding), Vec::from_iter(users));
        let mut found = BTreeSet::new();
        for some in users.chunks(BATCH) {
            for item in self.0.batch(some.iter().map(|user| key::user(organisation, user))).await? {
                if text(&item, "found_by").is_ok_and(|text| text.contains(holding.as_str())) {
                    found.insert(parsed(&item, "sk")?);
                }
            }
        }
        Ok(found)
    }

    /// A page of the given groups. 1 request for each 100.
    pub async fn these_groups(
        self,
        page: &Page<'_>,
        groups: &[GroupId],
    ) -> Result<(Vec<Group>, Option<String>), Error> {
        let (holding, place) =
            (page.holding.map(fold), |group: &Group| key::named(&group.name, group.id.as_str()));
        let mut found = BTreeMap::new();
        for some in groups.chunks(BATCH) {
            for item in
                self.0.batch(some.iter().map(|group| key::group(page.organisation, group))).await?
            {
                if holding.as_ref().is_none_or(|holding| {
                    text(&item, "found_by").is_ok_and(|text| text.contains(holding.as_str()))
                }) {
                    found.extend(group::read(&item)?.map(|group| (place(&group), group)));
                }
            }
        }
        let mut rest = found
            .into_iter()
            .filter(|(place, _)| page.after.as_ref().is_none_or(|after| place > after));
        let some: Vec<_> = rest.by_ref().take(page.limit).collect();
        let next = rest.next().and(some.last()).map(|(place, _)| place.clone());
        Ok((some.into_iter().map(|(_, group)| group).collect(), next))
    }

    async fn named(
        self,
        page: &Page<'_>,
        partition: String,
        filter: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let filters: Vec<&str> = filter
            .into_iter()
            .chain(page.holding.map(|_| "contains(found_by, :holding)"))
            .collect();
        let start = page.after.as_deref().map(|at| start(&partition, at));
        let query = self.0.query(partition, Some(key::BY_ORG)).after(start);
        let query = if filters.is_empty() { query } else { query.filter(&filters.join(" AND ")) };
        let mut pages = match page.holding {
            Some(text) => query.given("holding", s(fold(text))).pages(),
            None => query.limit(page.limit).pages(),
        };
        let (mut items, mut after) = (Vec::new(), None);
        for _ in 0..QUERIES_AT_MOST {
            let Some(read) = pages.next().await? else { break };
            after = read.next_sort_key()?;
            for item in read.items {
                items.push(item);
                if items.len() == page.limit {
                    let last =
                        items.last().map(|item| text(item, "at").map(str::to_owned)).transpose()?;
                    return Ok((items, last));
                }
            }
        }
        Ok((items, after))
    }
}

/// The start key of a page. The cursor of another list may lack an id, and an empty key is invalid.
fn start(partition: &str, at: &str) -> Item {
    let id = at.rsplit_once('#').map(|(_, id)| id).filter(|id| !id.is_empty()).unwrap_or("-");
    Item::from([
        ("pk".to_owned(), s(partition)),
        ("sk".to_owned(), s(id)),
        ("at".to_owned(), s(at)),
    ])
}
