"""Deploys infra/template.yaml to the local cloud, with the functions that cargo has built."""

import hashlib
import io
import json
import os
import time
import zipfile
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

STACK = "inspelning"
CODE = f"{STACK}-code"
FUNCTIONS = sorted(folder.name for folder in (Path(__file__).resolve().parents[2] / "functions").iterdir())
KEY = "test"  # MiniStack's root caller, whatever the secret


def deploy(endpoint, region, root, state, sftp_port, origins):
    """Deploys the changes since the last time, and returns the outputs. The portal has the first origin."""
    session = boto3.session.Session(aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name=region)

    def client(service):
        return session.client(service, endpoint_url=endpoint)

    make_bucket(client("s3"))
    version = upload_code(client("s3"), CODE, root / "target" / os.environ.get("PROFILE", "debug"), 1)
    template = (root / "infra/template.yaml").read_text()
    parameters = {
        "CodeVersion": version,
        "JwksBase": endpoint,
        "PortalOrigin": origins[0],
        "SftpServer": sftp_server(client("transfer")),
        "SftpAddress": f"127.0.0.1:{sftp_port}",
    }
    stamp = hashlib.sha256(f"{parameters}{origins}{template}".encode()).hexdigest()
    stamped = stamp_in(state)
    if stamped.exists() and not exists(client("cloudformation")):
        stamped.unlink()
        raise RuntimeError(f"it was killed before it had written its data, and {state} is useless: run again to start over")
    if not stamped.exists() or stamped.read_text() != stamp:
        address = upload_template(client("s3"), template.encode())
        apply(client("cloudformation"), address, parameters)
        reapply(client, origins)
        stamped.write_text(stamp)
    return describe(client("cloudformation"), endpoint, region) | {"sftp_address": parameters["SftpAddress"]}


def sftp_server(transfer):
    """The SFTP server's id. Creates one if needed, because MiniStack's CloudFormation does not."""
    existing = transfer.list_servers()["Servers"]
    return existing[0]["ServerId"] if existing else transfer.create_server(Protocols=["SFTP"])["ServerId"]


def stamp_in(state):
    """The file with the stamp of the last deployment; absent before the first."""
    return state / "deployed"


def exists(cloudformation):
    """Whether the stack exists. A killed MiniStack loses it, because it writes its state at its stop."""
    return any(stack["StackName"] == STACK for stack in cloudformation.describe_stacks()["Stacks"])


def make_bucket(s3):
    try:
        s3.create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise


def upload_code(s3, bucket, built, level):
    """Zips and uploads the binaries in `built`. Returns the version, a hash of their content."""
    zips = {function: zipped(built / function, level) for function in FUNCTIONS}
    version = hashlib.sha256(b"".join(zips.values())).hexdigest()[:16]
    for function, body in zips.items():
        s3.put_object(Bucket=bucket, Key=f"{version}/{function}.zip", Body=body)
    return version


def upload_template(s3, template):
    """Uploads the template: by URL it may be 1 MB, in the request only 51,200 bytes."""
    s3.put_object(Bucket=CODE, Key="template.yaml", Body=template)
    return f"{s3.meta.endpoint_url}/{CODE}/template.yaml"


def zipped(binary, level):
    """A Lambda zip with the executable `bootstrap`. The same binary gives the same bytes."""
    if not binary.exists():
        raise RuntimeError(f"{binary.name} is not built in {binary.parent}: run `make build`")
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, binary.read_bytes(), zipfile.ZIP_DEFLATED, level)
    return packed.getvalue()


def apply(cloudformation, template, parameters):
    parameters = {"Stage": "local", "CodeBucket": CODE, "QueueVisibilitySeconds": "2", **parameters}
    stack = {
        "StackName": STACK,
        "TemplateURL": template,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    }
    try:
        cloudformation.create_stack(**stack)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise
        try:
            cloudformation.update_stack(**stack)
        except ClientError as unchanged:
            if "No updates" not in str(unchanged):
                raise
            return
    for _ in range(600):
        found = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            raise RuntimeError(f"the stack is {found['StackStatus']}: {reason(cloudformation) or found.get('StackStatusReason')}")
        time.sleep(0.2)
    raise RuntimeError("the stack was not deployed within two minutes")


def reason(cloudformation):
    """The reason why the first resource failed."""
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    return failed and f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason')}"


def reapply(client, origins):
    """Applies what MiniStack's CloudFormation ignores silently: TTL, lifecycle, the API's CORS. Permits all origins."""
    cloudformation = client("cloudformation")
    template = cloudformation.get_template(StackName=STACK, TemplateStage="Processed")["TemplateBody"]
    template = json.loads(template) if isinstance(template, str) else template
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    for logical, resource in template["Resources"].items():
        kind, properties, name = resource["Type"], resource.get("Properties", {}), names.get(logical)
        if name and kind == "AWS::DynamoDB::Table":
            client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])
        if name and kind == "AWS::ApiGatewayV2::Api":
            client("apigatewayv2").update_api(ApiId=name, CorsConfiguration={**properties["CorsConfiguration"], "AllowOrigins": origins})
        if name and kind == "AWS::S3::Bucket":
            rules = [lifecycle(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
            client("s3").put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        if name and "CorsRules" in properties.get("CorsConfiguration", {}):
            rules = [shared(rule, origins) for rule in properties["CorsConfiguration"]["CorsRules"]]
            client("s3").put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
        if name and "CallbackURLs" in properties:
            return_to(client("cognito-idp"), names[properties["UserPoolId"]["Ref"]], name, origins)


def shared(rule, origins):
    """A CloudFormation CORS rule in the format of S3's API, for the origins."""
    return {
        "AllowedOrigins": origins,
        "AllowedMethods": rule["AllowedMethods"],
        "AllowedHeaders": rule["AllowedHeaders"],
        "ExposeHeaders": rule["ExposedHeaders"],
        "MaxAgeSeconds": int(rule["MaxAge"]),
    }


def return_to(pool, pool_id, client, origins):
    """Permits sign-ins of the client to return to the origins. An update replaces all settings, so it repeats the others."""
    known = pool.describe_user_pool_client(UserPoolId=pool_id, ClientId=client)["UserPoolClient"]
    # MiniStack returns empty settings, which the API does not accept.
    others = {name: value for name, value in known.items() if value and name not in ("ClientSecret", "CreationDate", "LastModifiedDate")}
    addresses = [f"{origin}/" for origin in origins]
    pool.update_user_pool_client(**{**others, "CallbackURLs": addresses, "LogoutURLs": addresses})


def lifecycle(rule):
    """A CloudFormation lifecycle rule in the format of S3's API."""
    filtered = {"Prefix": rule.get("Prefix", "")}
    if "ObjectSizeGreaterThan" in rule:
        filtered = {"And": filtered | {"ObjectSizeGreaterThan": int(rule["ObjectSizeGreaterThan"])}}
    written = {"ID": rule["Id"], "Status": rule["Status"], "Filter": filtered}
    if "Transitions" in rule:
        written["Transitions"] = [
            {"Days": int(transition["TransitionInDays"]), "StorageClass": transition["StorageClass"]} for transition in rule["Transitions"]
        ]
    if "ExpirationInDays" in rule:
        written["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "NoncurrentVersionExpiration" in rule:
        written["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"])}
    if "ExpiredObjectDeleteMarker" in rule:
        written["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    if "AbortIncompleteMultipartUpload" in rule:
        written["AbortIncompleteMultipartUpload"] = {
            "DaysAfterInitiation": int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        }
    return written


def describe(cloudformation, endpoint, region):
    outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    values = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    pool = values["PoolId"]
    return {
        "endpoint": endpoint,
        "region": region,
        "api": f"{endpoint}/_aws/execute-api/{values['ApiId']}",
        "issuer": f"https://cognito-idp.{region}.amazonaws.com/{pool}",
        "jwks_url": f"{endpoint}/{pool}/.well-known/jwks.json",
        "pool_id": pool,
        "client_id": values["ClientId"],
        "operator_client_id": values["OperatorClientId"],
        "table": values["Table"],
        "recordings_bucket": values["RecordingsBucket"],
        "quarantine_bucket": values["QuarantineBucket"],
        "drop_bucket": values["DropBucket"],
        "erasures_bucket": values["ErasuresBucket"],
        "delivery_queue_url": values["DeliveryQueueUrl"],
        "reconcile_queue_url": values["ReconcileQueueUrl"],
        "sftp_server": values["SftpServerId"],
        "exports_bucket": values["ExportsBucket"],
        "calls_bucket": values["CallsBucket"],
        "warnings_bus": values["WarningsBus"],
        "queue_url": values["QueueUrl"],
        "dlq_url": values["DeadLetterUrl"],
        "index_dlq_url": values["IndexDeadLetterUrl"],
        "removals_url": values["RemovalsUrl"],
        "dead_removals_url": values["DeadRemovalsUrl"],
        "retention_jobs_url": values["RetentionJobsUrl"],
        "imports_url": values["ImportsUrl"],
        "access_key": KEY,
        "secret_key": KEY,
        "functions": {function: f"{STACK}-{function}" for function in FUNCTIONS},
    }
