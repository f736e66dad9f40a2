//! The way of one process to the account: the SDK's HTTP connector.

use std::{io, sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

use super::{Aws, Fate, Operation, Process};

#[derive(Clone, Debug)]
pub struct Connector {
    pub aws: Arc<Aws>,
    pub process: Process,
    /// How long the SDK waits for a response; `None`: as long as the process lives.
    pub patience: Option<Duration>,
}

impl Connector {
    async fn respond(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.lives().await;
        let Some(operation) = Operation::read(request) else {
            return Err(ConnectorError::user("a request that the storm cannot read".into()));
        };
        let fate = self.aws.fate(Some(&self.process), &operation);
        self.aws.note(&operation, fate);
        match fate {
            Fate::Done => {}
            Fate::Conflicted(_) => self.process.fail(u32::MAX / 2), // the SDK does not try it again
            _ => self.process.fail(1),
        }
        let latency = self.aws.span(self.aws.weather().latency);
        tokio::time::sleep(latency / 2).await;
        self.lives().await;
        match fate {
            Fate::Throttled => return Ok(operation.throttled()),
            Fate::Conflicted(drawn) => return Ok(operation.conflicted(drawn)),
            Fate::Failed => return Ok(operation.failed()),
            Fate::Unreachable => return Err(unreachable()),
            Fate::Hung => return Err(self.hangs().await),
            Fate::CrashBefore => self.process.kill(),
            _ => {}
        }
        self.lives().await;
        let response = match fate {
            Fate::Partial => self.aws.perform_some(&self.process, &operation).await,
            _ => self.aws.perform(&self.process, &operation).await,
        };
        if fate == Fate::CrashAfter {
            self.process.kill();
        }
        self.lives().await;
        tokio::time::sleep(latency / 2).await;
        self.lives().await;
        match fate {
            Fate::FailedAfter => Ok(operation.failed()),
            Fate::Lost => Err(unreachable()),
            Fate::HungAfter => Err(self.hangs().await),
            _ => Ok(response),
        }
    }

    /// Never returns in a process that has ended.
    async fn lives(&self) {
        if self.process.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the SDK has no more patience.
    async fn hangs(&self) -> ConnectorError {
        match self.patience {
            Some(patience) => tokio::time::sleep(patience).await,
            None => std::future::pending().await,
        }
        ConnectorError::timeout(io::Error::from(io::ErrorKind::TimedOut).into())
    }
}

fn unreachable() -> ConnectorError {
    ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into())
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().respond(request))
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self { patience: settings.read_timeout(), ..self.clone() })
    }
}
