//! Messages that Lambda hands over from a queue. Each stands for itself: one that fails is named in the answer and comes again, the others
//! are done.

use std::{error::Error, future::Future};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};

use crate::log::causes;

/// Has each message's body done, in order, and answers with the ids of those that failed.
pub async fn each<E: Error + 'static, F: Future<Output = Result<(), E>>>(event: SqsEvent, done: impl Fn(String) -> F) -> SqsBatchResponse {
    let mut answer = SqsBatchResponse::default();
    for message in event.records {
        let work = Box::pin(done(message.body.unwrap_or_default())); // what some functions do is too deep for the compiler otherwise
        let Err(failure) = work.await else { continue };
        let id = message.message_id.unwrap_or_default();
        tracing::error!(message_id = id, error = causes(&failure), "failed");
        let mut failed = BatchItemFailure::default();
        failed.item_identifier = id;
        answer.batch_item_failures.push(failed);
    }
    answer
}
