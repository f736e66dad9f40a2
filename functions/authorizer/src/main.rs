use authorizer::{Authorizer, Claims};
use chrono::Utc;
use lambda_runtime::{LambdaEvent, service_fn};
use platform::{env, log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::init();
    let claims = Claims {
        issuer: env::required("ISSUER")?,
        audience: env::required("AUDIENCE")?,
        token_use: env::required("TOKEN_USE")?,
        organisation: env::required("ORGANISATION_CLAIM")?,
        user: env::required("USER_CLAIM")?,
    };
    let authorizer = Authorizer::new(claims, env::required("JWKS_URL")?, Utc::now)?;
    let handle = service_fn(async |event: LambdaEvent<_>| authorizer.handle(event.payload).await.map_err(lambda_runtime::Error::from));
    lambda_runtime::run(handle).await.map_err(anyhow::Error::from_boxed)
}
