//! Queries of one partition, page by page.
//!
//! A page is one request: up to 1 MB, or up to the limit. It contains the key after which the next
//! page begins.

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, Select},
};

use super::{
    BadItem, Error, Table,
    attributes::{s, text},
    key::{Index, Item},
    write::names_in,
};

/// The items of a partition of the table or of an index to read, in the order of their sort key.
#[derive(Clone, Debug)]
pub(super) struct Query {
    request: QueryFluentBuilder,
    partition: String,
    index: Option<Index>,
    /// The condition on the keys.
    keys: String,
}

/// A page of a query.
#[derive(Debug)]
pub(super) struct QueryPage {
    pub items: Vec<Item>,
    /// How many there are, also if only they are counted.
    pub count: u64,
    /// The key after which the next page begins; `None` on the last page.
    pub next: Option<Item>,
    /// The read units, if the query requests them.
    pub units: f64,
    /// The attribute of the sort key.
    sort: &'static str,
}

/// The pages of a query that are still to be read.
#[derive(Debug)]
pub(super) struct Pages {
    query: Query,
    /// Whether the last page has been read.
    pub is_over: bool,
}

impl Table {
    /// A query of a partition, of the table itself or of an index.
    pub(super) fn query(&self, partition: impl Into<String>, index: Option<Index>) -> Query {
        let (partition, attribute) =
            (partition.into(), index.map_or("pk", |index| index.partition));
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(index.map(|index| index.name.to_owned()));
        let query = Query { request, partition, index, keys: format!("#{attribute} = :partition") };
        let value = s(&query.partition);
        query.naming(&[attribute]).given("partition", value)
    }
}

impl Query {
    /// Only sort keys that begin with `prefix`.
    pub fn beginning(self, prefix: impl ToString) -> Self {
        self.range(|sort| format!("begins_with({sort}, :prefix)")).given("prefix", s(prefix))
    }

    /// Only sort keys from `first` to `last`, inclusive.
    pub fn between(self, first: impl ToString, last: impl ToString) -> Self {
        self.range(|sort| format!("{sort} BETWEEN :first AND :last"))
            .given("first", s(first))
            .given("last", s(last))
    }

    /// Only sort keys above `place`.
    pub fn above(self, place: impl ToString) -> Self {
        self.range(|sort| format!("{sort} > :place")).given("place", s(place))
    }

    /// Only sort keys below `place`.
    pub fn below(self, place: impl ToString) -> Self {
        self.range(|sort| format!("{sort} < :place")).given("place", s(place))
    }

    fn range(self, range: impl FnOnce(&str) -> String) -> Self {
        let sort = self.sort();
        let keys = format!("{} AND {}", self.keys, range(&format!("#{sort}")));
        Self { keys, ..self.naming(&[sort]) }
    }

    fn naming(self, names: &[&str]) -> Self {
        let named = |request: QueryFluentBuilder, name: &&str| {
            request.expression_attribute_names(format!("#{name}"), *name)
        };
        Self { request: names.iter().fold(self.request, named), ..self }
    }

    /// The attribute of the sort key.
    pub fn sort(&self) -> &'static str {
        sort(self.index)
    }

    /// Leaves out the items that do not meet the condition, which may name attributes as `#NAME`.
    pub fn filter(self, condition: &str) -> Self {
        let names: Vec<&str> = names_in(condition).collect();
        Self { request: self.request.filter_expression(condition), ..self }.naming(&names)
    }

    /// Gives a value that a filter names as `:NAME`.
    pub fn given(self, name: &str, value: AttributeValue) -> Self {
        Self {
            request: self.request.expression_attribute_values(format!(":{name}"), value),
            ..self
        }
    }

    /// Reads only these attributes.
    pub fn only(self, names: &[&str]) -> Self {
        let only = format!("#{}", names.join(", #"));
        Self { request: self.request.projection_expression(only), ..self }.naming(names)
    }

    /// Only counts the items.
    pub fn counting(self) -> Self {
        Self { request: self.request.select(Select::Count), ..self }
    }

    /// Sees every earlier write, at twice the price.
    pub fn consistent(self) -> Self {
        Self { request: self.request.consistent_read(true), ..self }
    }

    /// In descending order, unless `ascending`.
    pub fn ascending(self, ascending: bool) -> Self {
        Self { request: self.request.scan_index_forward(ascending), ..self }
    }

    /// Reads at most so many items for a page, before the filter.
    pub fn limit(self, rows: usize) -> Self {
        Self { request: self.request.limit(i32::try_from(rows).unwrap_or(i32::MAX)), ..self }
    }

    /// Begins after the item with this key.
    pub fn after(self, key: Option<Item>) -> Self {
        Self { request: self.request.set_exclusive_start_key(key), ..self }
    }

    /// Begins after this sort key, in a partition of the table itself.
    pub fn after_sort_key(self, sort_key: Option<&str>) -> Self {
        let start = sort_key.map(|key| {
            Item::from([("pk".to_owned(), s(&self.partition)), ("sk".to_owned(), s(key))])
        });
        self.after(start)
    }

    /// Requests the read units of each page.
    pub fn metered(self) -> Self {
        Self {
            request: self.request.return_consumed_capacity(ReturnConsumedCapacity::Total),
            ..self
        }
    }

    /// The first page. 1 request.
    pub async fn page(self) -> Result<QueryPage, Error> {
        // Boxed, because some functions nest too deep for the compiler otherwise.
        let answer = Box::pin(self.request.key_condition_expression(self.keys).send()).await?;
        Ok(QueryPage {
            count: u64::try_from(answer.count).unwrap_or_default(),
            units: answer
                .consumed_capacity
                .as_ref()
                .and_then(ConsumedCapacity::capacity_units)
                .unwrap_or_default(),
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key,
            sort: sort(self.index),
        })
    }

    /// Every item. 1 request for each MB.
    pub async fn all(self) -> Result<Vec<Item>, Error> {
        let (mut items, mut pages) = (Vec::new(), self.pages());
        while let Some(page) = pages.next().await? {
            items.extend(page.items);
        }
        Ok(items)
    }

    /// The pages, to read one by one.
    pub fn pages(self) -> Pages {
        Pages { query: self, is_over: false }
    }
}

impl Pages {
    /// The next page; `None` after the last. 1 request.
    pub async fn next(&mut self) -> Result<Option<QueryPage>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.query.clone().page().await?;
        self.is_over = page.next.is_none();
        self.query.request = self.query.request.clone().set_exclusive_start_key(page.next.clone());
        Ok(Some(page))
    }
}

impl QueryPage {
    /// The sort key after which the next page begins; `None` on the last page.
    pub fn next_sort_key(&self) -> Result<Option<String>, BadItem> {
        self.next.as_ref().map(|key| text(key, self.sort).map(str::to_owned)).transpose()
    }

    /// The items as values, and the sort key after which the next page begins.
    pub fn read<T>(
        &self,
        read: impl Fn(&Item) -> Result<T, BadItem>,
    ) -> Result<(Vec<T>, Option<String>), BadItem> {
        Ok((self.items.iter().map(read).collect::<Result<_, _>>()?, self.next_sort_key()?))
    }
}

/// The attribute of the sort key.
pub(super) fn sort(index: Option<Index>) -> &'static str {
    if index.is_some() { "at" } else { "sk" }
}
