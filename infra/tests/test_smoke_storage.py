"""Tests of the checks of the table and the buckets: each passes as deployed, and fails when a setting is changed."""

import unittest

from smoke.buckets import Buckets
from smoke.table import Table
from smoke_stack import Case, Lines, changed


class OfTheTable(Case):
    def setUp(self):
        super().setUp()
        self.table = Table(self.stack(), Lines())

    def test_time_to_live(self):
        found = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}}
        check = self.table.time_to_live
        self.passes(check, ("dynamodb", "describe_time_to_live", found))
        disabled = changed(found, "DISABLED", "TimeToLiveDescription", "TimeToLiveStatus")
        self.fails("it is DISABLED", check, ("dynamodb", "describe_time_to_live", disabled))

    def test_recovery(self):
        path = ("ContinuousBackupsDescription", "PointInTimeRecoveryDescription")
        found = {path[0]: {"ContinuousBackupsStatus": "ENABLED", path[1]: {"PointInTimeRecoveryStatus": "ENABLED"}}}
        self.passes(self.table.recovery, ("dynamodb", "describe_continuous_backups", found))
        disabled = changed(found, "DISABLED", *path, "PointInTimeRecoveryStatus")
        self.fails("is 'DISABLED'", self.table.recovery, ("dynamodb", "describe_continuous_backups", disabled))

    def described(self):
        indexes = [{"IndexName": f"by_{name}", "IndexStatus": "ACTIVE"} for name in ("org", "user", "peer", "mark", "length")]
        table = {"TableStatus": "ACTIVE", "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}, "GlobalSecondaryIndexes": indexes}
        table |= {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
        return {"Table": table | {"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"}}}

    def test_indexes_stream_and_encryption(self):
        found = self.described()
        for check, expected, value, path in (
            (self.table.active, "the set of indexes", "CREATING", ("GlobalSecondaryIndexes", 1, "IndexStatus")),
            (self.table.stream, "StreamViewType is 'KEYS_ONLY'", "KEYS_ONLY", ("StreamSpecification", "StreamViewType")),
            (self.table.encryption, "SSEType is 'AES256'", "AES256", ("SSEDescription", "SSEType")),
        ):
            self.passes(check, ("dynamodb", "describe_table", found))
            self.fails(expected, check, ("dynamodb", "describe_table", changed(found, value, "Table", *path)))

    def test_the_table_is_protected_from_deletion(self):
        self.passes(
            self.table.protection, ("dynamodb", "describe_table", changed(self.described(), True, "Table", "DeletionProtectionEnabled"))
        )
        self.fails("is False, not True", self.table.protection, ("dynamodb", "describe_table", self.described()))


class OfBuckets(Case):
    OPEN = {"BlockPublicAcls": True, "BlockPublicPolicy": False, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
    RULES = [
        {"ID": "half-sent", "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {
            "ID": "cold",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "recordings/", "ObjectSizeGreaterThan": 131071}},
            "Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}],
        },
        {
            "ID": "removed",
            "Status": "Enabled",
            "Prefix": "",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
    ]

    def setUp(self):
        super().setUp()
        self.buckets = Buckets(self.stack(), Lines())

    def bucket(self, check):
        return lambda: check("Recordings")

    def test_versions_and_access(self):
        check = self.bucket(self.buckets.versioning)
        self.passes(check, ("s3", "get_bucket_versioning", {"Status": "Enabled"}))
        self.fails("is 'Suspended', not 'Enabled'", check, ("s3", "get_bucket_versioning", {"Status": "Suspended"}))
        check, closed = self.bucket(self.buckets.public_access), self.OPEN | {"BlockPublicPolicy": True}
        self.passes(check, ("s3", "get_public_access_block", {"PublicAccessBlockConfiguration": closed}))
        self.fails("BlockPublicPolicy is False", check, ("s3", "get_public_access_block", {"PublicAccessBlockConfiguration": self.OPEN}))
        self.fails("BlockPublicAcls is absent", check, ("s3", "get_public_access_block", "NoSuchPublicAccessBlockConfiguration"))

    def test_lifecycle(self):
        check, operation = self.bucket(self.buckets.lifecycle), "get_bucket_lifecycle_configuration"
        self.passes(check, ("s3", operation, {"Rules": self.RULES}))
        self.fails("the lifecycle rule half-sent is None", check, ("s3", operation, {"Rules": self.RULES[1:]}))
        self.fails("the lifecycle rule removed is None", check, ("s3", operation, {"Rules": self.RULES[:2]}))
        shorter = changed(self.RULES, {"Days": 30}, 1, "Expiration")
        self.fails("the lifecycle rule cold", check, ("s3", operation, {"Rules": shorter}))
        extra = {"ID": "mine", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
        self.fails("the lifecycle rule mine is {", check, ("s3", operation, {"Rules": [*self.RULES, extra]}))

    def test_encryption_tls_and_lock(self):
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        check = self.bucket(self.buckets.encryption)
        self.passes(check, ("s3", "get_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}))
        self.fails("SSEAlgorithm is absent", check, ("s3", "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"))
        check = self.bucket(self.buckets.tls_only)
        self.passes(check, ("s3", "get_bucket_policy", {"Policy": '{"Condition": {"Bool": {"aws:SecureTransport": "false"}}}'}))
        self.fails("no statement", check, ("s3", "get_bucket_policy", "NoSuchBucketPolicy"))
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 7}}}
        check, operation = self.buckets.object_lock, "get_object_lock_configuration"
        self.passes(check, ("s3", operation, {"ObjectLockConfiguration": lock}))
        shorter = changed(lock, 1, "Rule", "DefaultRetention", "Years")
        self.fails("Years", check, ("s3", operation, {"ObjectLockConfiguration": shorter}))
        self.fails("it is {}", check, ("s3", operation, "ObjectLockConfigurationNotFoundError"))

    def test_a_bucket_is_named_with_all_its_differences(self):
        self.cloud.responds("s3", "get_public_access_block", {"PublicAccessBlockConfiguration": self.OPEN})
        self.cloud.responds("s3", "get_bucket_ownership_controls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}})
        self.cloud.responds("s3", "get_bucket_versioning", {})
        self.cloud.responds("s3", "get_bucket_lifecycle_configuration", {"Rules": self.RULES})
        self.cloud.refuses("s3", "get_bucket_cors", "NoSuchCORSConfiguration")
        self.cloud.responds("s3", "get_bucket_notification_configuration", {})
        expected = "BlockPublicPolicy is False.*ObjectWriter.*versioning is absent.*CORS rules is 0.*notification is \\[\\]"
        self.fails(expected, lambda: self.buckets.compare("Recordings"))


if __name__ == "__main__":
    unittest.main()
