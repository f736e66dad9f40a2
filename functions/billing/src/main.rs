use billing::{App, Separator, Warnings};
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{aws::Environment, bucket::Bucket, clock, env, log, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        exports: Bucket { client: aws.s3(), name: env::required("EXPORTS_BUCKET")? },
        warnings: Warnings { client: aws.eventbridge(), bus: env::required("WARNINGS_BUS")? },
        separator: Separator::try_from(env::required("CSV_SEPARATOR")?)?,
        now: clock::now,
    };
    let handle = service_fn(|event: LambdaEvent<_>| billing::handle(&app, event.payload));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
