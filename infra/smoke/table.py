"""The table, compared with the template."""

from .report import Failed, agree, expect


class Table:
    def __init__(self, stack, report):
        self.stack, self.report = stack, report
        self.client, self.name = stack.client("dynamodb"), stack.outputs["Table"]

    def checks(self):
        check, name = self.report.check, self.name
        check("the table and its indexes are active", f"aws dynamodb describe-table --table-name {name}", self.active)
        check(
            "the table has time to live on expires_at",
            f"aws dynamodb update-time-to-live --table-name {name} "
            "--time-to-live-specification Enabled=true,AttributeName=expires_at; without it no recording ever expires",
            self.time_to_live,
        )
        check(
            "the table's stream has new and old images",
            f"aws dynamodb update-table --table-name {name} --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES, "
            "then connect index and expire to the new stream",
            self.stream,
        )
        self.check_protection()

    def check_protection(self):
        check, name = self.report.check, self.name
        check(
            "the table has point-in-time recovery",
            f"aws dynamodb update-continuous-backups --table-name {name} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
            self.recovery,
            only_on_aws=True,
        )
        check(
            "the table is encrypted with a KMS key",
            f"aws dynamodb update-table --table-name {name} --sse-specification Enabled=true",
            self.encryption,
            only_on_aws=True,
        )
        check(
            "the table is protected from deletion",
            f"aws dynamodb update-table --table-name {name} --deletion-protection-enabled",
            self.protection,
            only_on_aws=True,
        )

    def described(self):
        return self.client.describe_table(TableName=self.name)["Table"]

    def active(self):
        table = self.described()
        expect("ACTIVE", table["TableStatus"], "the table")
        expect(self.stack.template.get("Table", "BillingMode"), table.get("BillingModeSummary", {}).get("BillingMode"), "BillingMode")
        wanted = {index["IndexName"] for index in self.stack.template.get("Table", "GlobalSecondaryIndexes")}
        state = "ACTIVE" if self.stack.local else None  # the local cloud does not tell
        found = {index["IndexName"]: index.get("IndexStatus", state) for index in table.get("GlobalSecondaryIndexes", [])}
        expect(dict.fromkeys(wanted, "ACTIVE"), found, "the set of indexes")

    def time_to_live(self):
        found = self.client.describe_time_to_live(TableName=self.name)["TimeToLiveDescription"]
        wanted = self.stack.template.get("Table", "TimeToLiveSpecification")
        agree({"AttributeName": wanted["AttributeName"]}, found)
        if found["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):  # AWS takes up to an hour
            raise Failed(f"it is {found['TimeToLiveStatus']}")

    def stream(self):
        agree(self.stack.template.get("Table", "StreamSpecification"), self.described().get("StreamSpecification", {}))

    def recovery(self):
        found = self.client.describe_continuous_backups(TableName=self.name)["ContinuousBackupsDescription"]
        agree({"PointInTimeRecoveryStatus": "ENABLED"}, found["PointInTimeRecoveryDescription"])

    def encryption(self):
        agree({"Status": "ENABLED", "SSEType": "KMS"}, self.described().get("SSEDescription", {}))

    def protection(self):
        expect(True, self.described().get("DeletionProtectionEnabled", False), "DeletionProtectionEnabled")
