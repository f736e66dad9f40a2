//! The SFTP server. Each organisation is one user, who may only list and read its own folders.

use aws_sdk_transfer::{
    Client,
    operation::{create_user::CreateUserError, describe_user::DescribeUserError},
    types::{HomeDirectoryMapEntry, HomeDirectoryType, SshPublicKey},
};
use domain::{delivery::manifest::home, ids::OrganisationId};
use platform::http::Problem;
use serde_json::json;

/// The AWS Transfer Family server.
#[derive(Clone, Debug)]
pub struct Server {
    pub client: Client,
    pub id: String,
    /// The address for clients.
    pub address: String,
    /// The role with which the server reads the bucket.
    pub role: String,
    /// The bucket that it serves.
    pub bucket: String,
}

/// A failed request to the server's interface.
type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Server {
    /// The user name of an organisation.
    pub fn user(organisation: &OrganisationId) -> String {
        format!("org-{organisation}") // Transfer requires three characters, the first a letter
    }

    /// Adds the key, unless the user has it. 2 requests; 3 for an organisation's first key.
    pub async fn take(&self, organisation: &OrganisationId, body: &str) -> Result<(), Problem> {
        let keys = match self.keys(organisation).await.map_err(Problem::internal)? {
            Some(keys) => keys,
            None => {
                self.create(organisation).await.map(|()| Vec::new()).map_err(Problem::internal)?
            }
        };
        if keys.iter().any(|key| is_same(key, body)) {
            return Ok(());
        }
        let import = self
            .client
            .import_ssh_public_key()
            .server_id(&self.id)
            .user_name(Self::user(organisation));
        import.ssh_public_key_body(body).send().await.map_err(Problem::internal)?;
        Ok(())
    }

    /// Removes the key, if the user has it. 2 requests.
    pub async fn refuse(&self, organisation: &OrganisationId, body: &str) -> Result<(), Problem> {
        let keys = self.keys(organisation).await.map_err(Problem::internal)?.unwrap_or_default();
        for key in keys.iter().filter(|key| is_same(key, body)) {
            let delete = self
                .client
                .delete_ssh_public_key()
                .server_id(&self.id)
                .user_name(Self::user(organisation));
            delete
                .ssh_public_key_id(key.ssh_public_key_id())
                .send()
                .await
                .map_err(Problem::internal)?;
        }
        Ok(())
    }

    /// The organisation's keys. None if the server does not know the organisation.
    async fn keys(
        &self,
        organisation: &OrganisationId,
    ) -> Result<Option<Vec<SshPublicKey>>, Failed> {
        let describe =
            self.client.describe_user().server_id(&self.id).user_name(Self::user(organisation));
        match describe.send().await {
            Ok(answer) => {
                Ok(Some(answer.user.and_then(|user| user.ssh_public_keys).unwrap_or_default()))
            }
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(DescribeUserError::ResourceNotFoundException(_))
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn create(&self, organisation: &OrganisationId) -> Result<(), Failed> {
        let target = format!("/{}/{}", self.bucket, home(organisation).trim_end_matches('/'));
        let root = HomeDirectoryMapEntry::builder().entry("/").target(target).build()?;
        let create =
            self.client.create_user().server_id(&self.id).user_name(Self::user(organisation));
        let create = create
            .role(&self.role)
            .home_directory_type(HomeDirectoryType::Logical)
            .home_directory_mappings(root);
        match create.policy(self.policy(organisation)).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(CreateUserError::ResourceExistsException(_))
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The upper limit of a session's permissions, whatever the role allows.
    fn policy(&self, organisation: &OrganisationId) -> String {
        let (bucket, home) = (format!("arn:aws:s3:::{}", self.bucket), home(organisation));
        let inside = [format!("{home}*"), home.trim_end_matches('/').to_owned()];
        json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Sid": "FindTheBucket", "Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": bucket },
                {
                    "Sid": "ListOnesOwn",
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": bucket,
                    "Condition": { "StringLike": { "s3:prefix": inside } },
                },
                { "Sid": "ReadOnesOwn", "Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("{bucket}/{home}*") },
            ],
        })
        .to_string()
    }
}

/// Whether the keys are equal apart from their comments.
fn is_same(key: &SshPublicKey, body: &str) -> bool {
    key.ssh_public_key_body().split_whitespace().take(2).eq(body.split_whitespace().take(2))
}
