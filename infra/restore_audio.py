"""Restores lost audio of a stored recording from a file that has the signed length and SHA-256.

    restore_audio.py STACK ORGANISATION RECORDING FILE

Nothing is written if the file is other audio or the recording is not stored. It is safe to repeat.
"""

import base64
import hashlib
import sys
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main(stack, organisation, recording, file):
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described}
    item = stored(outputs["Table"], organisation, recording)
    audio = Path(file).read_bytes()
    refuse_other_audio(item, audio)
    s3, bucket, key = boto3.client("s3"), outputs["RecordingsBucket"], f"recordings/{organisation}/{recording}"
    if is_there(s3, bucket, key, item):
        print("the audio is there: nothing to do")
        return
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=audio,
        ContentType=item["type"]["S"],
        ChecksumSHA256=base64.b64encode(item["sha"]["B"]).decode(),
        Metadata={"user": item["u"]["S"].split("#", 1)[1]},
    )
    print(f"the audio of {recording} is back. The next reconcile removes its finding, and the next delivery folder contains it.")


def stored(table, organisation, recording):
    """The recording's item. Raises RuntimeError with what to do if it is not stored."""
    key = {"pk": {"S": f"{organisation}#recording"}, "sk": {"S": recording}}
    item = boto3.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    if not item:
        raise RuntimeError("there is no such recording: restore its item first (docs/operating/runbooks.md, no-recording)")
    if item.get("state", {}).get("S") != "stored":
        raise RuntimeError("the recording is not stored: the app registers the call again and puts its audio by the link")
    return item


def refuse_other_audio(item, audio):
    """Raises RuntimeError if the bytes are not those that the app signed."""
    if len(audio) != int(item["bytes"]["N"]):
        raise RuntimeError(f"this is other audio: {len(audio)} bytes, not {item['bytes']['N']}")
    if hashlib.sha256(audio).digest() != item["sha"]["B"]:
        raise RuntimeError(f"this is other audio: its SHA-256 is not {item['sha']['B'].hex()}")


def is_there(s3, bucket, key, item):
    """Whether the audio is already at its key."""
    try:
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
            return False
        raise
    return head.get("ChecksumSHA256") == base64.b64encode(item["sha"]["B"]).decode()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (RuntimeError, OSError, BotoCoreError, ClientError) as error:
        sys.exit(f"not restored: {error}")
