//! The capacity units that a request to the API consumes, as the table reports them.
//!
//! A client of DynamoDB with [`Meter`] asks for them. [`metered`] adds up what the work inside it
//! consumes. Outside of it, nothing is counted.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_sdk_dynamodb::{
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
            },
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

tokio::task_local! {
    /// Halves of units, as an eventually consistent read of 4 KB is one half.
    static HALVES: Arc<AtomicU64>;
}

/// An interceptor of DynamoDB's client that asks for the consumed units and counts them.
#[derive(Clone, Copy, Debug)]
pub struct Meter;

/// Does the work, and returns the units that it consumed.
pub async fn metered<T>(work: impl Future<Output = T>) -> (T, u64) {
    let halves = Arc::new(AtomicU64::default());
    let done = HALVES.scope(halves.clone(), work).await;
    (done, halves.load(Ordering::Relaxed).div_ceil(2))
}

/// Counts the units that `index` will consume for words that come and go: each that comes has a
/// posting and an entry in the dictionary.
pub fn charge_words(come: usize, go: usize) {
    let units = 2 * come as u64 + go as u64;
    let _outside = HALVES.try_with(|halves| halves.fetch_add(2 * units, Ordering::Relaxed));
}

/// Calls the macro for each operation that the service uses, with its input and output.
macro_rules! each_operation {
    ($call:ident) => {
        $call!(GetItemInput GetItemOutput);
        $call!(QueryInput QueryOutput);
        $call!(PutItemInput PutItemOutput);
        $call!(UpdateItemInput UpdateItemOutput);
        $call!(DeleteItemInput DeleteItemOutput);
        $call!(BatchGetItemInput BatchGetItemOutput);
        $call!(BatchWriteItemInput BatchWriteItemOutput);
        $call!(TransactWriteItemsInput TransactWriteItemsOutput);
    };
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        macro_rules! ask {
            ($input:ident $_output:ident) => {
                if let Some(input) = input.downcast_mut::<$input>() {
                    let wanted = &mut input.return_consumed_capacity;
                    *wanted = wanted.take().or(Some(ReturnConsumedCapacity::Total));
                    return Ok(());
                }
            };
        }
        each_operation!(ask);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        macro_rules! count {
            ($_input:ident $output:ident) => {
                if let Some(output) = output.downcast_ref::<$output>() {
                    count(output.consumed_capacity());
                    return Ok(());
                }
            };
        }
        each_operation!(count);
        Ok(())
    }
}

fn count<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
    let _outside =
        HALVES.try_with(|halves| halves.fetch_add((units * 2.0).ceil() as u64, Ordering::Relaxed));
}
