"""The demonstration: two organisations and their people, as the operator would provision them.

Written to the table directly until the operator's API does it; the shapes are those of shared/platform/src/table/people.rs.
"""

import boto3
from botocore.exceptions import ClientError

PASSWORD = "Inspelning-2026"  # noqa: S105 - of a cloud that listens on loopback only
DEMO, OTHER = "demo", "annan"
RIGHTS = ["annotate", "download", "listen"]

#         user      organisation  name               number          recorded acknowledged administrator
PEOPLE = [
    ("anna",  DEMO,  "Anna Berg",     "+46701740601", True,  True,  False),
    ("omar",  DEMO,  "Omar Ali",      "+46701740602", True,  True,  False),
    ("maja",  DEMO,  "Maja Lindgren", "+46701740603", True,  True,  False),
    ("erik",  DEMO,  "Erik Holm",     "+46701740604", True,  False, False),
    ("karin", DEMO,  "Karin Åberg",   "+46701740605", False, False, True),
    ("lars",  OTHER, "Lars Öman",     "+46701740606", True,  True,  True),
]  # fmt: skip


def demonstration(cloud):
    """Provisions the organisations and their people, again without harm. Answers with the sign-ins."""
    session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])
    table = session.resource("dynamodb", endpoint_url=cloud["endpoint"]).Table(cloud["table"])
    pool = session.client("cognito-idp", endpoint_url=cloud["endpoint"])
    for organisation in (DEMO, OTHER):
        key = {"pk": f"{organisation}#organisation", "sk": "organisation"}
        table.put_item(Item={**key, "name": organisation.title(), "base_service": True, "retention_days": 180})
    return {person[0]: join(cloud, table, pool, *person) for person in PEOPLE}


def join(cloud, table, pool, user, organisation, name, number, recorded, acknowledged, administrator):
    item = {"pk": f"{organisation}#user", "sk": user, "name": name, "phone": number, "plan": "business", "language": "sv"}
    item["administrator"] = administrator
    if recorded:
        item |= {"rights": set(RIGHTS), "activated_at": 1_700_000_000_000}
    if acknowledged:
        item["acknowledged_at"] = 1_700_000_000_000
    table.put_item(Item=item)
    email = f"{user}@{organisation}.example"
    attributes = {"email": email, "email_verified": "true", "custom:organisation": organisation, "custom:user": user}
    try:
        pool.admin_create_user(
            UserPoolId=cloud["pool_id"],
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "UsernameExistsException":
            raise
    pool.admin_set_user_password(UserPoolId=cloud["pool_id"], Username=email, Password=PASSWORD, Permanent=True)
    roles = [(administrator, "administrator"), (recorded, "recorded"), (recorded and not acknowledged, "not acknowledged yet")]
    role = ", ".join(name for held, name in roles if held)
    return {"email": email, "password": PASSWORD, "organisation": organisation, "role": role}
