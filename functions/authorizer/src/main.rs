use authorizer::{Authorizer, Expected};
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{clock, env, log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let expected = Expected {
        issuer: env::required("ISSUER")?,
        audience: env::required("AUDIENCE")?,
        organisation_claim: env::required("ORGANISATION_CLAIM")?,
        user_claim: env::required("USER_CLAIM")?,
    };
    let authorizer = Authorizer::new(expected, env::required("JWKS_URL")?, clock::now);
    let handle = service_fn(async |event: LambdaEvent<_>| {
        authorizer.handle(event.payload).await.map_err(lambda_runtime::Error::from)
    });
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
