"""Sign-in by SFTP, of an organisation for which nothing has been delivered."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from .report import Failed, expect, until
from .web import Api

PROPAGATION = 60  # seconds until the server knows a key
OPTIONS = {
    "IdentitiesOnly": "yes",
    "BatchMode": "yes",
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "LogLevel": "ERROR",
    "ConnectTimeout": "20",
}


class Delivery:
    def __init__(self, stack, report, cleanup, organisation):
        self.stack, self.report, self.cleanup, self.organisation = stack, report, cleanup, organisation
        self.folder = tempfile.TemporaryDirectory()
        self.key = self.access = None

    def check_server(self):
        server = self.stack.outputs["SftpServerId"]
        self.report.check(
            "the SFTP server is online, with optimised listings",
            f"aws transfer update-server --server-id {server} --s3-storage-options DirectoryListingOptimization=ENABLED; "
            "without it, an organisation without files cannot sign in",
            lambda: self.compare(server),
            only_on_aws=True,
        )

    def compare(self, server):
        found = self.stack.client("transfer").describe_server(ServerId=server)["Server"]
        expect("ONLINE", found["State"], "the state")
        template = self.stack.template
        for member in ("S3StorageOptions", "SecurityPolicyName", "Protocols", "EndpointType"):
            expect(template.get("SftpServing", member), found.get(member), member)

    def sign_in(self):
        check = self.report.check
        check(
            "the administrator adds an SFTP key",
            "the log of delivery-api says why; its role needs transfer:CreateUser, transfer:ImportSshPublicKey and iam:PassRole",
            self.add_key,
            required=True,
        )
        check(
            "the organisation signs in by SFTP and sees an empty folder",
            "if the listing fails after a sign-in, enable the server's optimised listings; otherwise compare its user, role and policy",
            self.list_folder,
        )
        check(
            "a removed key signs in no more",
            "the log of delivery-api says why; then delete the key at the server by hand",
            self.remove_key,
        )

    @property
    def administrator(self) -> Api:
        return self.organisation.administrator

    def add_key(self):
        if not shutil.which("sftp"):
            raise Failed("OpenSSH's client is missing: apt-get install openssh-client")
        file = Path(self.folder.name) / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "smoke", "-f", str(file)]
        subprocess.run(command, check=True, capture_output=True)
        user = {"ServerId": self.stack.outputs["SftpServerId"], "UserName": f"org-{self.organisation.id}"}
        self.cleanup.add(
            f"the SFTP user {user['UserName']} is deleted",
            f"aws transfer delete-user --server-id {user['ServerId']} --user-name {user['UserName']}",
            lambda: self.delete_user(user),
        )
        self.key = self.administrator.ask("POST /v1/sftp/keys", {"key": file.with_suffix(".pub").read_text().strip()})["id"]
        self.cleanup.add("the organisation has no SFTP key", "as an administrator of it: GET and DELETE /v1/sftp/keys", self.delete_key)
        self.access = self.administrator.ask("GET /v1/sftp/keys")

    def list_folder(self):
        def listed():
            ran = self.sftp("ls -1")
            if ran.returncode:
                raise Failed(f"sftp ended with {ran.returncode}: {ran.stderr.strip()[-300:]}")
            return ran.stdout

        lines = until(PROPAGATION, listed, pause=2).splitlines()
        expect([], [line for line in lines if not line.startswith("sftp>")], "the listing")

    def remove_key(self):
        self.delete_key()

        def refused():
            if self.sftp("ls -1").returncode == 0:
                raise Failed("the key still signs in")

        until(PROPAGATION, refused, pause=2)

    def delete_key(self):
        if self.key:
            self.administrator.ask(f"DELETE /v1/sftp/keys/{self.key}", status=204)
            self.key = None

    def delete_user(self, user):
        transfer = self.stack.client("transfer")
        try:
            transfer.delete_user(**user)
        except transfer.exceptions.ResourceNotFoundException:
            return

    def sftp(self, commands):
        """Runs OpenSSH's client with the key, at the address that the API names."""
        host, _, port = self.access["address"].partition(":")
        options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
        command = ["sftp", "-F", "/dev/null", "-i", f"{self.folder.name}/key", *options, "-b", "-", "-P", port or "22"]
        target = f"{self.access['user']}@{host}"
        return subprocess.run([*command, target], input=commands, capture_output=True, text=True, timeout=90, check=False)
