"""The buckets, compared with the template."""

from botocore.exceptions import ClientError
from local.deploy import lifecycle

from .report import Failed, agree, expect, none_of, same

ABSENT = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchCORSConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ObjectLockConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}
BY_TEMPLATE = "compare the bucket with the template, and set what differs (aws s3api put-…); a deployment does not undo a change by hand"


class Buckets:
    def __init__(self, stack, report):
        self.stack, self.report, self.s3, self.template = stack, report, stack.client("s3"), stack.template

    def checks(self):
        check, logical = self.report.check, self.template.of_type("AWS::S3::Bucket")
        for name in logical:
            check(
                f"the bucket {self.stack.physical(name)} has the access, versions, rules and notifications of the template",
                BY_TEMPLATE,
                lambda name=name: self.compare(name),
            )
        check("every bucket is encrypted", BY_TEMPLATE, lambda: self.every(logical, self.encryption), only_on_aws=True)
        policies = self.template.of_type("AWS::S3::BucketPolicy")
        buckets = [bucket for bucket in logical if self.stack.physical(bucket) in [self.template.get(one, "Bucket") for one in policies]]
        check("every bucket refuses requests without TLS", BY_TEMPLATE, lambda: self.every(buckets, self.tls_only), only_on_aws=True)
        check(
            "closed months are locked for seven years",
            "aws s3api put-object-lock-configuration, with the retention of the template; it applies to new objects alone",
            self.object_lock,
            only_on_aws=True,
        )

    def compare(self, name):
        compared = (self.public_access, self.ownership, self.versioning, self.lifecycle, self.cors, self.notification)
        none_of([failure for one in compared if (failure := failure_of(one, name))])

    def every(self, names, check):
        none_of([f"{self.stack.physical(name)}: {failure}" for name in names if (failure := failure_of(check, name))])

    def ask(self, operation, name):
        """A setting of the bucket; empty if it has none."""
        try:
            return getattr(self.s3, operation)(Bucket=self.stack.physical(name))
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return {}
            raise

    def public_access(self, name):
        found = self.ask("get_public_access_block", name).get("PublicAccessBlockConfiguration", {})
        agree(self.template.get(name, "PublicAccessBlockConfiguration"), found)

    def ownership(self, name):
        rules = self.ask("get_bucket_ownership_controls", name).get("OwnershipControls", {}).get("Rules")
        expect(self.template.get(name, "OwnershipControls")["Rules"], rules, "the ownership")

    def versioning(self, name):
        wanted = self.template.get(name, "VersioningConfiguration", {}).get("Status")
        expect(wanted, self.ask("get_bucket_versioning", name).get("Status"), "the versioning")

    def lifecycle(self, name):
        wanted = self.template.get(name, "LifecycleConfiguration", {"Rules": []})["Rules"]
        wanted = {rule["Id"]: normal(lifecycle(rule)) for rule in wanted}
        found = {rule["ID"]: normal(rule) for rule in self.ask("get_bucket_lifecycle_configuration", name).get("Rules", [])}
        names = sorted(wanted.keys() | found.keys())
        none_of([f"the lifecycle rule {id} is {found.get(id)}, not {wanted.get(id)}" for id in names if found.get(id) != wanted.get(id)])

    def cors(self, name):
        wanted = self.template.get(name, "CorsConfiguration", {"CorsRules": []})["CorsRules"]
        found = self.ask("get_bucket_cors", name).get("CORSRules", [])
        expect(len(wanted), len(found), "the number of CORS rules")
        for rule, actual in zip(wanted, found, strict=True):
            agree({"AllowedMethods": rule["AllowedMethods"], "ExposeHeaders": rule["ExposedHeaders"]}, actual, "CORS ")
            if not set(rule["AllowedOrigins"]) <= set(actual["AllowedOrigins"]):
                raise Failed(f"CORS permits {actual['AllowedOrigins']}, not {rule['AllowedOrigins']}")

    def notification(self, name):
        wanted = self.template.get(name, "NotificationConfiguration", {"QueueConfigurations": []})["QueueConfigurations"]
        found = self.ask("get_bucket_notification_configuration", name).get("QueueConfigurations", [])
        expect(
            [(one["Queue"], [one["Event"]], [rule["Value"] for rule in one["Filter"]["S3Key"]["Rules"]]) for one in wanted],
            [(one["QueueArn"], one["Events"], [rule["Value"] for rule in one["Filter"]["Key"]["FilterRules"]]) for one in found],
            "the notification",
        )

    def encryption(self, name):
        wanted = self.template.get(name, "BucketEncryption")["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]
        rules = self.ask("get_bucket_encryption", name).get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
        agree(wanted, rules[0].get("ApplyServerSideEncryptionByDefault", {}))

    def tls_only(self, name):
        if '"aws:SecureTransport"' not in self.ask("get_bucket_policy", name).get("Policy", ""):
            raise Failed("no statement denies requests without TLS")

    def object_lock(self):
        wanted = self.template.get("Exports", "ObjectLockConfiguration", None)
        found = self.ask("get_object_lock_configuration", "Exports").get("ObjectLockConfiguration", {})
        if not same(wanted, found):
            raise Failed(f"it is {found}, not {wanted}")


def failure_of(check, name):
    """Why the check fails; None if it passes."""
    try:
        check(name)
    except Failed as failure:
        return str(failure)
    return None


def normal(rule):
    """A lifecycle rule without its id and without the forms that S3 has for one filter."""
    rule = {name: value for name, value in rule.items() if name != "ID"}
    filtered = rule.pop("Filter", {})
    filtered = filtered.get("And", filtered)
    rule["Filter"] = {
        "Prefix": filtered.get("Prefix", rule.pop("Prefix", "")),
        "ObjectSizeGreaterThan": filtered.get("ObjectSizeGreaterThan", 0),
    }
    return rule
