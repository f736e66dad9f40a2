"""Checks that a first deployment finds its names free. Some resources outlive their stack, and CloudFormation does not adopt them."""

from functools import partial

from checks.plan import ok, region_of, stop


def free(plan, kind, attribute, exists, plural):
    if not plan.is_first:
        return
    taken = [name for name in plan.names(kind, attribute) if exists(plan, name)]
    if taken:
        yield stop(f"{', '.join(taken)} exists already", "choose another name for the stack, or delete what is no longer needed")
    else:
        yield ok(f"the stack's {plural} can be created")


def is_table(plan, name):
    dynamodb = plan.client("dynamodb")
    try:
        dynamodb.describe_table(TableName=name)
        return True
    except dynamodb.exceptions.ResourceNotFoundException:
        return False


def is_bucket(plan, name):
    """Names of buckets hold for all regions: a stack of this name in another region has them, too."""
    return region_of(plan.client("s3"), name) is not None


def is_domain(plan, name):
    described = plan.client("cognito-idp").describe_user_pool_domain(Domain=name)
    return "UserPoolId" in described["DomainDescription"]


def is_log(plan, name):
    """A function that ran while its stack was deleted has created its log group again."""
    found = plan.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in found)


CHECKS = [
    ("table name", partial(free, kind="AWS::DynamoDB::Table", attribute="TableName", exists=is_table, plural="table")),
    ("bucket names", partial(free, kind="AWS::S3::Bucket", attribute="BucketName", exists=is_bucket, plural="buckets")),
    ("domain name", partial(free, kind="AWS::Cognito::UserPoolDomain", attribute="Domain", exists=is_domain, plural="sign-in domain")),
    ("log names", partial(free, kind="AWS::Logs::LogGroup", attribute="LogGroupName", exists=is_log, plural="log groups")),
]
