//! Batches of queue messages. Each message is processed on its own: the response names the failed
//! ones, and Lambda delivers only those again.

use std::{error::Error, future::Future};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};

use crate::log::error_chain;

/// Processes each message's body in order, and returns the ids of the messages that failed.
pub async fn each<E: Error + 'static, F: Future<Output = Result<(), E>>>(
    event: SqsEvent,
    work: impl Fn(String) -> F,
) -> SqsBatchResponse {
    let mut answer = SqsBatchResponse::default();
    for message in event.records {
        let work = Box::pin(work(message.body.unwrap_or_default())); // some handlers nest too deep for the compiler otherwise
        let Err(failure) = work.await else { continue };
        let id = message.message_id.unwrap_or_default();
        tracing::error!(message_id = id, error = error_chain(&failure), "failed");
        let mut failed = BatchItemFailure::default();
        failed.item_identifier = id;
        answer.batch_item_failures.push(failed);
    }
    answer
}
