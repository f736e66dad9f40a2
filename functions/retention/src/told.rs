//! Tells `keep` of an order, so that none is forgotten: before the order is written, to be heard once this request has ended either way, and
//! again, at once, when it stands. Whichever comes second finds its pages done.

use std::time::Duration;

use domain::{ids::OrderId, reason::Reason, retention::Refusal};
use platform::{
    http::{Cause, Known, Problem},
    table::{
        audit::Event,
        commit::Commit,
        order::{Kind, Order, Preview, Progress, State, What},
    },
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// How long a request can be under way: the function's own bound, and some.
pub const UNDER_WAY: Duration = Duration::from_secs(30);

/// Which part of a list to show.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Listed {
    /// Rows on a page, 1 to 1,000; 50 unless given.
    pub limit: Option<usize>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// That a preview is to be carried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The number of recordings that the preview gave.
    pub recordings: u64,
}

/// Tells of an order that is about to be written.
pub async fn before(app: &App, order: &Order) -> Result<(), Problem> {
    app.orders.send(&order.work(), UNDER_WAY).await.map_err(Problem::internal)
}

/// Tells of an order that stands. One that is not told now is heard of later.
pub async fn now(app: &App, order: &Order) {
    if let Err(error) = app.orders.send(&order.work(), Duration::ZERO).await {
        tracing::warn!(error = %error, "an order waits for its second message");
    }
}

/// The order that the path names, if it is one of the kind that has not lapsed.
pub async fn found(app: &App, known: &Known, kind: Kind, id: OrderId, event: &Event) -> Result<Order, Problem> {
    match app.table.order(&known.organisation.id, kind, id, event.at).await? {
        Some(order) => Ok(order),
        None => Err(known.refuse(&app.table, event.clone(), Problem::new(Cause::NotFound)).await),
    }
}

/// Carries out a previewed order, if the caller repeats the count that it gave; one that was confirmed before stands as it is.
pub async fn confirmed(app: &App, known: &Known, order: Order, confirmation: &Confirmation, event: &Event) -> Result<Order, Problem> {
    if order.state != State::Previewed {
        app.table.audit(event).await?;
        return Ok(order);
    }
    if confirmation.recordings != order.preview.found {
        let other = Problem::because(Cause::Invalid, "that is not the number of recordings that the preview gave; look at it again");
        return Err(known.refuse(&app.table, event.clone(), other).await);
    }
    before(app, &order).await?;
    match app.table.confirm(&order, event).await? {
        Commit::Refused(places) if places.contains(&0) => {
            Err(Problem::because(Cause::Changed, "it was confirmed meanwhile, or lapsed; look at it again"))
        }
        Commit::Refused(_) => Err(known.refuse(&app.table, event.clone(), Problem::because(Cause::Invalid, Refusal::NoAddOn)).await),
        Commit::Done => {
            let state = if order.kind() == Kind::Retention { State::Moving } else { State::Erasing };
            Ok(Order { state, ..order })
        }
    }
}

/// A new order of this caller's.
pub fn ordered(known: &Known, what: What, state: State, reason: Reason, preview: Preview, app: &App) -> Order {
    let at = (app.now)();
    Order {
        id: OrderId::of(&known.organisation.id, &known.origin.request, at),
        organisation: known.organisation.id.clone(),
        what,
        state,
        by: known.who(),
        at,
        reason,
        preview,
        progress: Progress::default(),
        lifted: None,
        place: None,
    }
}
