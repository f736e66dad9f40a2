"""The demo: two organisations and their people, provisioned as the operator and administrators do.

The user pool contains only sign-ins, of people and of the first organisation's application.
"""

import json
import urllib.parse
from typing import NamedTuple

import boto3
import main_job
from botocore.exceptions import ClientError

PASSWORD = "Inspelning-2026"  # noqa: S105 - the cloud listens on loopback only
DEMO, OTHER = "demo", "annan"
ORGANISATIONS = {DEMO: "Demobolaget AB", OTHER: "Annan AB"}
PRICES = {"startFee": "99.00", "userMonth": "49.00", "storagePer100Mb": "4.25", "storageAddOn": "150.00", "sftp": "250.00"}
PRICES_FROM = "2026-01-01"
RIGHTS = {"listen": True, "download": True, "annotate": True}
# The default bodies of PUT for a user and a supervision: a PUT is complete.
USER = {"phone": None, "language": "sv", "plan": None, "administrator": None}
SUPERVISION = {"from": None, "to": None, "rights": RIGHTS}
SERVER = "inspelning"  # the resource server, in the template
SCOPES = {"read": "Find recordings", "annotate": "Set notes, marks and fields", "export": "Fetch audio"}


class Person(NamedTuple):
    user: str
    organisation: str
    name: str
    phone: str
    recorded: bool
    acknowledges: bool
    administrator: bool


PEOPLE = [
    Person("anna", DEMO, "Anna Berg", "+46701740601", True, True, False),
    Person("omar", DEMO, "Omar Ali", "+46701740602", True, True, False),
    Person("maja", DEMO, "Maja Lindgren", "+46701740603", True, True, False),
    Person("erik", DEMO, "Erik Holm", "+46701740604", True, False, False),
    Person("nils", DEMO, "Nils Ek", "+46701740608", True, True, False),
    Person("karin", DEMO, "Karin Åberg", "+46701740605", False, False, True),
    Person("sara", DEMO, "Sara Nyström", "+46701740607", False, False, False),
    Person("lars", OTHER, "Lars Öman", "+46701740606", True, True, True),
]
#          group      name        members                    supervisors
GROUPS = [("saljare", "Säljare", ["anna", "maja"], ["sara"]), ("vaxel", "Växel", ["omar", "erik", "nils"], [])]


def demonstration(cloud):
    """Provisions organisations and people; safe to repeat. Returns the sign-ins."""
    session = boto3.session.Session(cloud["access_key"], cloud["secret_key"], region_name=cloud["region"])
    pool = session.client("cognito-idp", endpoint_url=cloud["endpoint"])
    cloud = cloud | {"users": {person.user: sign_in_of(cloud, pool, person) for person in PEOPLE}}
    operator = secret_of(cloud, pool, cloud["operator_client_id"])
    crm = secret_of(cloud, pool, application(cloud, pool, DEMO, "crm"))
    provide(cloud, application_token(cloud, operator, [f"{SERVER}/operator"]), crm)
    for organisation in ORGANISATIONS:
        administer(cloud, organisation, [person for person in PEOPLE if person.organisation == organisation])
    for person in PEOPLE:
        if person.acknowledges:
            acknowledge(cloud, main_job.sign_in(cloud, person.user))
    date_back(cloud, session.client("dynamodb", endpoint_url=cloud["endpoint"]))
    return {"users": cloud["users"], "applications": {"operator": operator, "crm": crm}}


def provide(cloud, token, crm):
    """Provisions as the operator's system does."""
    put(cloud, f"/v1/prices/{PRICES_FROM}", token, {"prices": PRICES})
    for organisation, name in ORGANISATIONS.items():
        put(cloud, f"/v1/organisations/{organisation}", token, {"name": name, "baseService": True, "storageAddOn": False})
    for person in PEOPLE:
        numbers = {"phone": person.phone, "extension": person.phone[-4:]}
        user = {**USER, **numbers, "name": person.name, "plan": "business", "administrator": person.administrator or None}
        path = f"/v1/organisations/{person.organisation}/users/{person.user}"
        restore(cloud, path, token)
        put(cloud, path, token, user)
    client = {"name": "CRM", "scopes": list(SCOPES)}
    put(cloud, f"/v1/organisations/{DEMO}/clients/{crm['client_id']}", token, client)


def administer(cloud, organisation, people):
    """Activates users and sets up groups, as the organisation's administrator does."""
    token = main_job.sign_in(cloud, next(person.user for person in people if person.administrator))
    recorded = [person.user for person in people if person.recorded]
    main_job.post(cloud, "/v1/activations", token, {"users": recorded, "active": True})
    for user in recorded:
        ask(cloud, "PATCH", f"/v1/users/{user}", token, {"rights": RIGHTS})
    for group, name, members, supervisors in GROUPS if organisation == DEMO else []:
        put(cloud, f"/v1/groups/{group}", token, {"name": name})
        ask(cloud, "POST", f"/v1/groups/{group}/members", token, {"add": members})
        for supervisor in supervisors:
            put(cloud, f"/v1/groups/{group}/supervisors/{supervisor}", token, SUPERVISION)


def acknowledge(cloud, token):
    """Acknowledges recording, as a recorded user does once."""
    version = main_job.get(cloud, "/v1/me", token, {})["acknowledgement"]["version"]
    main_job.post(cloud, "/v1/me/acknowledgement", token, {"version": version, "client": "demonstration"})


def date_back(cloud, table):
    """Lets the demonstration register calls of earlier days, for which its people were not recorded yet."""
    for person in (person for person in PEOPLE if person.acknowledges):
        table.update_item(
            TableName=cloud["table"],
            Key={"pk": {"S": f"{person.organisation}#user"}, "sk": {"S": person.user}},
            UpdateExpression="SET recorded_since = :since",
            ExpressionAttributeValues={":since": {"N": "0"}},
        )


def restore(cloud, path, token):
    """Restores a user who was removed in an earlier run. The first run gets `not-found`."""
    try:
        ask(cloud, "POST", f"{path}/restore", token, None)
    except RuntimeError as error:
        if "problem:not-found" not in str(error):
            raise


def put(cloud, path, token, body):
    ask(cloud, "PUT", path, token, body)


def ask(cloud, method, path, token, body):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    main_job.send(method, f"{cloud['api']}{path}", headers, json.dumps(body).encode())


def sign_in_of(cloud, pool, person):
    """Creates the person's sign-in in the pool, if there is none."""
    email = f"{person.user}@{person.organisation}.example"
    attributes = {"email": email, "email_verified": "true", "custom:organisation": person.organisation, "custom:user": person.user}
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
    return {"email": email, "password": PASSWORD, "organisation": person.organisation, "role": role(person)}


def role(person):
    roles = [
        (person.administrator, "administrator"),
        (person.recorded, "recorded"),
        (person.recorded and not person.acknowledges, "not acknowledged yet"),
        *((person.user in supervisors, f"supervisor of {name}") for _, name, _, supervisors in GROUPS),
    ]
    return ", ".join(name for held, name in roles if held)


def application(cloud, pool, organisation, name):
    """The id of the organisation's client in the pool, created with its scopes if there is none."""
    scopes = [f"{organisation}:{scope}" for scope in SCOPES]
    add_scopes(cloud, pool, dict(zip(scopes, SCOPES.values(), strict=True)))
    named = f"{organisation} {name}"
    for page in pool.get_paginator("list_user_pool_clients").paginate(UserPoolId=cloud["pool_id"]):
        for client in page["UserPoolClients"]:
            if client["ClientName"] == named:
                return client["ClientId"]
    made = pool.create_user_pool_client(
        UserPoolId=cloud["pool_id"],
        ClientName=named,
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=[f"{SERVER}/{scope}" for scope in scopes],
        ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
        EnableTokenRevocation=True,
    )
    return made["UserPoolClient"]["ClientId"]


def add_scopes(cloud, pool, scopes):
    """Adds scopes to the resource server, with the existing ones, because an update replaces all."""
    server = pool.describe_resource_server(UserPoolId=cloud["pool_id"], Identifier=SERVER)["ResourceServer"]
    known = {scope["ScopeName"]: scope["ScopeDescription"] for scope in server["Scopes"]}
    if scopes.keys() <= known.keys():
        return
    listed = [{"ScopeName": name, "ScopeDescription": description} for name, description in (known | scopes).items()]
    pool.update_resource_server(UserPoolId=cloud["pool_id"], Identifier=SERVER, Name=server["Name"], Scopes=listed)


def secret_of(cloud, pool, client):
    found = pool.describe_user_pool_client(UserPoolId=cloud["pool_id"], ClientId=client)["UserPoolClient"]
    return {"client_id": client, "client_secret": found["ClientSecret"]}


def application_token(cloud, application, scopes):
    """A token of an application, by client credentials (RFC 6749, 4.4)."""
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes), **application}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = main_job.send("POST", f"{cloud['endpoint']}/oauth2/token", headers, urllib.parse.urlencode(form).encode())
    return json.loads(answer)["access_token"]
