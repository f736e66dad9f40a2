use delivery_api::{App, Server};
use platform::{aws::Environment, clock, configure, env, http, log, queue::Queue, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let aws = Environment::read()?;
    let app = App {
        table: Table { client: aws.dynamodb(), name: env::required("TABLE")? },
        queue: Queue { client: aws.sqs(), url: env::required("DROP_QUEUE_URL")? },
        server: Server {
            client: aws_sdk_transfer::Client::from_conf(configure!(&aws, aws_sdk_transfer).build()),
            id: env::required("SFTP_SERVER")?,
            address: env::required("SFTP_ADDRESS")?,
            role: env::required("SFTP_ROLE")?,
            bucket: env::required("DROP_BUCKET")?,
        },
        now: clock::now,
    };
    http::run(delivery_api::router(app)).await.map_err(anyhow::Error::from_boxed)
}
