//! A write of one item: what it changes, on which condition, and the conflict if that fails.
//!
//! In an expression the attribute `NAME` is `#NAME`, so no reserved word matters, and its new value
//! is `:NAME`. Conditions are in DynamoDB's language. They may name any attribute as `#NAME`.
//!
//! The SDK has no builder of expressions. The crate `dynamodb-expression` is in beta and numbers the
//! placeholders, so a request no longer shows its attributes. `modyne` requires types of its own.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{
        delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError,
    },
    types::{
        AttributeValue, ConditionCheck, Delete, Put, ReturnValue,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};

use super::{
    Error, Table,
    attributes::ss,
    commit::{Conflict, Refused},
    key::Item,
};

/// A write of one item.
#[derive(Clone, Debug)]
#[must_use = "a write has to be sent"]
pub(super) struct Write {
    kind: Kind,
    /// The key, or all attributes of a put.
    item: Item,
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    delete: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
    conflict: Conflict,
    returns: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Update,
    Put,
    Delete,
    Check,
}

/// Adds the condition to a request. The SDK has a builder of its own for each kind, with the same
/// members.
macro_rules! conditional {
    ($request:expr, $write:expr) => {
        $request
            .set_condition_expression(joined(&$write.conditions))
            .set_expression_attribute_names((!$write.names.is_empty()).then_some($write.names))
            .set_expression_attribute_values((!$write.values.is_empty()).then_some($write.values))
            .set_return_values_on_condition_check_failure(
                $write.returns.then_some(ReturnValuesOnConditionCheckFailure::AllOld),
            )
    };
}

/// Sends a request by itself. Returns the new attributes, if it requests them, or the refusal.
macro_rules! sent {
    ($request:expr, $error:ident, $conflict:expr) => {
        match $request.send().await {
            Ok(answer) => Ok(Ok(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some($error::ConditionalCheckFailedException(failed)) => Ok(Err(Refused {
                    conflict: $conflict,
                    found: failed.item().cloned().unwrap_or_default(),
                })),
                _ => Err(error.into()),
            },
        }
    };
}

impl Write {
    /// Changes some attributes of an item, which is created if it does not exist.
    pub fn update(key: Item) -> Self {
        Self::new(Kind::Update, key)
    }

    /// Writes a whole item, over any other.
    pub fn put(item: Item) -> Self {
        Self::new(Kind::Put, item)
    }

    /// Writes an item whose key must be free.
    pub fn put_new(item: Item) -> Self {
        Self::put(item).when("attribute_not_exists(pk)").or(Conflict::Exists)
    }

    pub fn delete(key: Item) -> Self {
        Self::new(Kind::Delete, key)
    }

    /// Only checks a condition, in a transaction.
    pub fn check(key: Item) -> Self {
        Self::new(Kind::Check, key)
    }

    fn new(kind: Kind, item: Item) -> Self {
        let [set, remove, add, delete, conditions] = Default::default();
        let (names, values, conflict) = (HashMap::new(), Item::new(), Conflict::EditedMeanwhile);
        Self {
            kind,
            item,
            set,
            remove,
            add,
            delete,
            conditions,
            names,
            values,
            conflict,
            returns: false,
        }
    }

    /// Sets an attribute.
    pub fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let assignment = format!("{} = {}", self.name(name), self.value(name, value));
        self.set.push(assignment);
        self
    }

    /// Sets an attribute if there is a value.
    pub fn set_if(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Sets an attribute if there is a value, and removes it otherwise.
    pub fn set_or_remove(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self.remove(name),
        }
    }

    /// Sets an attribute unless it exists.
    pub fn set_first(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(name, value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
        self
    }

    /// Sets an attribute to the value of another, or to this value if there is no other.
    pub fn set_from(mut self, name: &str, other: &str, value: AttributeValue) -> Self {
        let (value, other) = (self.value(name, value), self.name(other));
        let assignment = format!("{} = if_not_exists({other}, {value})", self.name(name));
        self.set.push(assignment);
        self
    }

    /// Sets a member of a map.
    pub fn set_member(mut self, map: &str, member: &str, value: AttributeValue) -> Self {
        let assignment = format!("{} = {}", self.member(map, member), self.value("member", value));
        self.set.push(assignment);
        self
    }

    pub fn remove(mut self, name: &str) -> Self {
        let name = self.name(name);
        self.remove.push(name);
        self
    }

    pub fn remove_all(self, names: &[&str]) -> Self {
        names.iter().fold(self, |write, name| write.remove(name))
    }

    /// Removes a member of a map.
    pub fn remove_member(mut self, map: &str, member: &str) -> Self {
        let member = self.member(map, member);
        self.remove.push(member);
        self
    }

    /// Adds to a number, or to a set.
    pub fn add(mut self, name: &str, value: AttributeValue) -> Self {
        let addition = format!("{} {}", self.name(name), self.value(name, value));
        self.add.push(addition);
        self
    }

    /// Adds members to a set.
    pub fn add_members(self, set: &str, members: impl IntoIterator<Item = impl ToString>) -> Self {
        match ss(members) {
            Some(members) => self.add(set, members),
            None => self,
        }
    }

    /// Removes members of a set.
    pub fn take_members(
        mut self,
        set: &str,
        members: impl IntoIterator<Item = impl ToString>,
    ) -> Self {
        if let Some(members) = ss(members) {
            let removal = format!("{} {}", self.name(set), self.value(set, members));
            self.delete.push(removal);
        }
        self
    }

    /// Adds a condition. All of them must hold.
    pub fn when(mut self, condition: &str) -> Self {
        self.names.extend(names_in(condition).map(|name| (format!("#{name}"), name.to_owned())));
        self.conditions.push(condition.to_owned());
        self
    }

    /// Gives a value that a condition names as `:NAME`.
    pub fn given(mut self, name: &str, value: AttributeValue) -> Self {
        self.value(name, value);
        self
    }

    /// Adds the condition that an attribute has this value; `None`: that it is absent.
    pub fn is(mut self, name: &str, value: Option<AttributeValue>) -> Self {
        let attribute = self.name(name);
        let condition = match value {
            Some(value) => format!("{attribute} = {}", self.value(&format!("is_{name}"), value)),
            None => format!("attribute_not_exists({attribute})"),
        };
        self.conditions.push(condition);
        self
    }

    /// Adds the condition that the item exists; otherwise the conflict is [`Conflict::NotFound`].
    pub fn existing(self) -> Self {
        self.when("attribute_exists(pk)").or(Conflict::NotFound)
    }

    /// Names the conflict if the condition fails. Otherwise it is [`Conflict::EditedMeanwhile`].
    pub fn or(self, conflict: Conflict) -> Self {
        Self { conflict, ..self }
    }

    /// Requests the item that was found if the condition fails, and the new one from an update.
    pub fn returning(self) -> Self {
        Self { returns: true, ..self }
    }

    /// The write as a part of a transaction on `table`, and its conflict.
    pub fn in_transaction(self, table: &str) -> Result<(TransactWriteItem, Conflict), BuildError> {
        let conflict = self.conflict.clone();
        let write = TransactWriteItem::builder();
        let write = match self.kind {
            Kind::Update => {
                let update =
                    Update::builder().table_name(table).set_update_expression(self.changes());
                write.update(conditional!(update.set_key(Some(self.item)), self).build()?)
            }
            Kind::Put => write.put(
                conditional!(Put::builder().table_name(table).set_item(Some(self.item)), self)
                    .build()?,
            ),
            Kind::Delete => write.delete(
                conditional!(Delete::builder().table_name(table).set_key(Some(self.item)), self)
                    .build()?,
            ),
            Kind::Check => {
                let check = ConditionCheck::builder().table_name(table).set_key(Some(self.item));
                write.condition_check(conditional!(check, self).build()?)
            }
        };
        Ok((write.build(), conflict))
    }

    /// The changes of an update.
    fn changes(&self) -> Option<String> {
        let parts = [
            ("SET", &self.set),
            ("REMOVE", &self.remove),
            ("ADD", &self.add),
            ("DELETE", &self.delete),
        ];
        let parts = parts.into_iter().filter(|(_, changes)| !changes.is_empty());
        let parts: Vec<String> =
            parts.map(|(verb, changes)| format!("{verb} {}", changes.join(", "))).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{}", plain(name));
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn member(&mut self, map: &str, member: &str) -> String {
        self.names.insert("#member".to_owned(), member.to_owned());
        format!("{}.#member", self.name(map))
    }

    fn value(&mut self, name: &str, value: AttributeValue) -> String {
        let placeholder = format!(":{}", plain(name));
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}

impl Table {
    /// Writes one item outside a transaction, at half the units. 1 request. Returns the new
    /// attributes, if the write requests them.
    pub(super) async fn write(&self, write: Write) -> Result<Result<Item, Refused>, Error> {
        let (client, table, conflict) = (&self.client, &self.name, write.conflict.clone());
        match write.kind {
            Kind::Update => {
                let update =
                    client.update_item().table_name(table).set_update_expression(write.changes());
                let update = update.set_return_values(write.returns.then_some(ReturnValue::AllNew));
                sent!(
                    conditional!(update.set_key(Some(write.item)), write),
                    UpdateItemError,
                    conflict
                )
            }
            Kind::Put => {
                let put = client.put_item().table_name(table).set_item(Some(write.item));
                sent!(conditional!(put, write), PutItemError, conflict)
            }
            Kind::Delete => {
                let delete = client.delete_item().table_name(table).set_key(Some(write.item));
                sent!(conditional!(delete, write), DeleteItemError, conflict)
            }
            Kind::Check => Err(Error::Request("a check is a part of a transaction".into())),
        }
    }

    /// Writes an item unless its key is taken. 1 request.
    pub(super) async fn put_new(&self, item: Item) -> Result<(), Error> {
        self.write(Write::put_new(item)).await.map(drop)
    }
}

/// The conditions as one. DynamoDB refuses redundant parentheses.
fn joined(conditions: &[String]) -> Option<String> {
    let several = conditions.len() > 1;
    let one = |one: &String| {
        if several && one.contains(" OR ") { format!("({one})") } else { one.clone() }
    };
    let conditions: Vec<String> = conditions.iter().map(one).collect();
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// The name as a placeholder may contain it.
fn plain(name: &str) -> String {
    name.replace(|c| !is_plain(c), "_")
}

/// The attributes that a condition names as `#NAME`.
pub(super) fn names_in(condition: &str) -> impl Iterator<Item = &str> {
    condition
        .split('#')
        .skip(1)
        .map(|rest| rest.split(|c: char| !is_plain(c)).next().unwrap_or_default())
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// An empty map, in which an update can set members.
pub(super) fn empty_map() -> AttributeValue {
    AttributeValue::M(Item::new())
}

#[cfg(test)]
mod tests;
