"""A throw-away organisation: provisioned as the operator does, with an administrator, a recorded user and an application."""

import base64
import secrets
import time
from datetime import UTC, datetime

from . import sign_in
from .report import Failed, Skipped, expect, until
from .web import Api, post_form

ADMINISTRATOR, RECORDED = "administrator", "caller"
SERVER = "inspelning"  # the resource server, in the template
SCOPES = ("read", "annotate")
RIGHTS = {"listen": True, "download": True, "annotate": True}
FREE = dict.fromkeys(("startFee", "userMonth", "storagePer100Mb", "storageAddOn", "sftp"), "0")
CLOCKS = 2  # seconds by which this machine's clock may differ from the service's, or a call would begin before its acknowledgement
USER = {"phone": None, "language": "sv", "plan": None, "administrator": None}


class Organisation:
    def __init__(self, stack, report, cleanup):
        self.stack, self.report, self.cleanup = stack, report, cleanup
        self.id = f"smoke-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        self.password = f"Aa1-{secrets.token_urlsafe(24)}"
        self.pool, self.pool_id = stack.client("cognito-idp"), stack.outputs["PoolId"]
        self.operator = self.application = self.recorded_from = None
        self.tokens = {}

    @property
    def path(self):
        return f"/v1/organisations/{self.id}"

    def email(self, user):
        return f"{user}@{self.id}.example"

    def api(self, user):
        return Api(self.stack.api, self.tokens[user].id)

    @property
    def administrator(self):
        return self.api(ADMINISTRATOR)

    @property
    def recorded(self):
        return self.api(RECORDED)

    # ------------------------------------------------------------ the operator

    def provision(self):
        """Provisions the organisation and its users through the API, and their accounts in the user pool."""
        check = self.report.check
        check(
            "the service accepts the tokens of the stack's own user pool",
            "compare the parameter Issuer",
            self.expect_own_issuer,
            required=True,
        )
        check(
            "the operator's client receives a token",
            "compare the outputs OperatorClientId and SignInUrl with the user pool; the client's scope is inspelning/operator",
            self.sign_in_operator,
            required=True,
        )
        check(
            f"the operator provisions the organisation {self.id}, without charge",
            "the log of provision says why; its alarms and the audit log may help (docs/operating/alarms.md)",
            self.create,
            required=True,
        )
        check(
            "its users have accounts in the user pool, with permanent passwords",
            "the credentials need cognito-idp:AdminCreateUser and AdminSetUserPassword; the pool needs custom:organisation and custom:user",
            self.create_accounts,
            required=True,
        )

    def expect_own_issuer(self):
        if issuer := self.stack.parameters.get("Issuer"):
            raise Skipped(f"its issuer is {issuer}, where this test cannot sign in: try the main job by hand")

    def sign_in_operator(self):
        token = self.client_token(self.stack.outputs["OperatorClientId"], [f"{SERVER}/operator"])
        self.operator = Api(self.stack.api, token)

    def create(self):
        self.operator.ask(f"PUT {self.path}", {"name": f"Smoke test {self.id}", "baseService": True, "storageAddOn": False})
        self.cleanup.add(
            "the organisation is without the base service, so nobody of it is recorded",
            f"as the operator: PATCH {self.path} with {{baseService: false}}",
            lambda: self.operator.ask(f"PATCH {self.path}", {"baseService": False}),
        )
        self.operator.ask(f"PUT {self.path}/prices/{datetime.now(UTC):%Y-%m-01}", {"prices": FREE})
        self.operator.ask(f"PUT {self.path}/users/{ADMINISTRATOR}", {**USER, "name": "Smoke Administrator", "administrator": True})
        self.operator.ask(f"PUT {self.path}/users/{RECORDED}", {**USER, "name": "Smoke Caller", "plan": "business"})
        self.cleanup.add(
            "the recorded user is removed",
            f"as the operator: DELETE {self.path}/users/{RECORDED}",
            lambda: self.operator.ask(f"DELETE {self.path}/users/{RECORDED}"),
        )

    def create_accounts(self):
        for user in (ADMINISTRATOR, RECORDED):
            named = {"UserPoolId": self.pool_id, "Username": self.email(user)}
            attributes = {
                "email": self.email(user),
                "email_verified": "true",
                "custom:organisation": self.id,
                "custom:user": user,
            }
            written = [{"Name": name, "Value": value} for name, value in attributes.items()]
            self.pool.admin_create_user(**named, MessageAction="SUPPRESS", UserAttributes=written)
            self.cleanup.add(
                f"the account of {self.email(user)} is deleted",
                f"aws cognito-idp admin-delete-user --user-pool-id {self.pool_id} --username {self.email(user)}",
                lambda named=named: self.pool.admin_delete_user(**named),
            )
            self.pool.admin_set_user_password(**named, Password=self.password, Permanent=True)

    # ------------------------------------------------------------ sign-in

    def sign_in(self):
        """Signs both users in through the hosted page, and checks their tokens."""
        check, with_browser = self.report.check, sign_in.has_browser()
        way = "in Chromium" if with_browser else "by its form, because there is no Chromium here"
        for user in (ADMINISTRATOR, RECORDED):
            check(
                f"the {user} signs in through the hosted page {way}",
                "open the output SignInUrl; the client needs the callback PortalOrigin with a final slash, and the flow `code`",
                lambda user=user: self.sign_in_user(user, with_browser),
                required=True,
            )
        check(
            "the ID token names the organisation, the user and the portal's client",
            "the client's only scope must be openid, and its readable attributes custom:organisation and custom:user",
            self.check_claims,
            required=True,
        )
        check(
            "the access token has the scope openid alone",
            "PoolClient of the template permits openid alone; remove other scopes of the client",
            lambda: expect("openid", sign_in.claims_of(self.tokens[RECORDED].access).get("scope"), "the scope"),
        )
        check(
            "a refresh token renews the ID token, with the same claims",
            "the client needs ALLOW_REFRESH_TOKEN_AUTH",
            self.check_renewal,
        )

    def sign_in_user(self, user, with_browser):
        self.tokens[user] = sign_in.sign_in(self.stack, self.email(user), self.password, with_browser)

    def check_claims(self, token=None):
        claims = sign_in.claims_of(token or self.tokens[RECORDED].id)
        for name, value in {
            "token_use": "id",
            "custom:organisation": self.id,
            "custom:user": RECORDED,
            "aud": self.stack.outputs["Audience"],
            "iss": self.stack.outputs["Issuer"],
        }.items():
            expect(value, claims.get(name), f"the claim {name}")

    def check_renewal(self):
        self.check_claims(sign_in.renewed(self.stack, self.tokens[RECORDED]))

    # ------------------------------------------------------------ attributes that only the operator may write

    def protect_attributes(self):
        """Signs in through a client of its own with the portal's attributes, because the portal's token may write none at all."""
        check = self.report.check
        check(
            "a client for this check is created",
            "the credentials need cognito-idp:CreateUserPoolClient and AdminInitiateAuth",
            self.create_attribute_client,
            required=True,
        )
        check(
            "a user cannot write custom:organisation",
            "close the service until the portal's client has email as its only writable attribute: anybody could join another organisation",
            self.write_organisation,
            only_on_aws=True,
        )
        check(
            "the API refuses an ID token for another client of the pool",
            "AUDIENCE of the authorizer must be the output Audience",
            self.send_foreign_token,
        )

    def create_attribute_client(self):
        named = {"UserPoolId": self.pool_id, "ClientId": self.stack.outputs["ClientId"]}
        portal = self.pool.describe_user_pool_client(**named)["UserPoolClient"]
        client = self.create_client(
            "attributes",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            ReadAttributes=portal["ReadAttributes"],
            WriteAttributes=portal["WriteAttributes"],
        )
        credentials = {"USERNAME": self.email(RECORDED), "PASSWORD": self.password}
        self.other_tokens = self.pool.admin_initiate_auth(
            UserPoolId=self.pool_id, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=credentials
        )["AuthenticationResult"]

    def write_organisation(self):
        """Writes it with a token that permits its user to change attributes, which get_user proves."""
        token = self.other_tokens["AccessToken"]
        self.pool.get_user(AccessToken=token)
        try:
            self.pool.update_user_attributes(
                AccessToken=token, UserAttributes=[{"Name": "custom:organisation", "Value": f"{self.id}-other"}]
            )
        except self.pool.exceptions.NotAuthorizedException:
            return
        raise Failed("the user pool accepted it")

    def send_foreign_token(self):
        expect(403, Api(self.stack.api, self.other_tokens["IdToken"]).send("GET /v1/me").status, "the status")

    # ------------------------------------------------------------ recording

    def activate(self):
        """Switches recording on for the recorded user, who acknowledges it."""
        self.administrator.ask("POST /v1/activations", {"users": [RECORDED], "active": True})
        self.administrator.ask(f"PATCH /v1/users/{RECORDED}", {"rights": RIGHTS})
        version = self.recorded.ask("GET /v1/me")["acknowledgement"]["version"]
        self.recorded.ask("POST /v1/me/acknowledgement", {"version": version, "client": "smoke test"})
        time.sleep(CLOCKS)
        self.recorded_from = datetime.now(UTC)

    # ------------------------------------------------------------ an application

    def admit_application(self):
        """Admits an application client with scopes on a resource server of its own, so that the operator's scopes are not written."""
        server = self.create_server()
        scopes = [f"{server}/{self.id}:{scope}" for scope in SCOPES]
        client = self.create_client(
            "application",
            GenerateSecret=True,
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=scopes,
            ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
            EnableTokenRevocation=True,
        )
        self.operator.ask(f"PUT {self.path}/clients/{client}", {"name": "Smoke test", "scopes": list(SCOPES)})
        self.cleanup.add(
            "the application is removed",
            f"as the operator: DELETE {self.path}/clients/{client}",
            lambda: self.operator.ask(f"DELETE {self.path}/clients/{client}"),
        )
        self.application = Api(self.stack.api, until(30, lambda: self.client_token(client, scopes)))

    def create_server(self):
        """A resource server with the highest number that is free: the operator's own have low ones."""
        pages = self.pool.get_paginator("list_resource_servers").paginate(UserPoolId=self.pool_id)
        taken = {server["Identifier"] for page in pages for server in page["ResourceServers"]}
        free = next((name for number in range(99, 1, -1) if (name := f"{SERVER}-{number}") not in taken), None)
        if not free:
            raise Failed("all resource servers to inspelning-99 exist")
        listed = [{"ScopeName": f"{self.id}:{scope}", "ScopeDescription": "Smoke test"} for scope in SCOPES]
        self.pool.create_resource_server(UserPoolId=self.pool_id, Identifier=free, Name=self.id, Scopes=listed)
        self.cleanup.add(
            f"the resource server {free} is deleted",
            f"aws cognito-idp delete-resource-server --user-pool-id {self.pool_id} --identifier {free}",
            lambda: self.pool.delete_resource_server(UserPoolId=self.pool_id, Identifier=free),
        )
        return free

    def create_client(self, purpose, **settings):
        """Creates a client in the user pool, which the clean-up deletes. Returns its id."""
        named = {"UserPoolId": self.pool_id, "ClientName": f"{self.id} {purpose}"}
        client = self.pool.create_user_pool_client(**named, **settings)["UserPoolClient"]["ClientId"]
        self.cleanup.add(
            f"the {purpose} client of the user pool is deleted",
            f"aws cognito-idp delete-user-pool-client --user-pool-id {self.pool_id} --client-id {client}",
            lambda: self.pool.delete_user_pool_client(UserPoolId=self.pool_id, ClientId=client),
        )
        return client

    def client_token(self, client, scopes):
        """An access token by client credentials (RFC 6749, 4.4)."""
        described = self.pool.describe_user_pool_client(UserPoolId=self.pool_id, ClientId=client)["UserPoolClient"]
        basic = base64.b64encode(f"{client}:{described['ClientSecret']}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
        return post_form(f"{self.stack.sign_in}/oauth2/token", form, {"authorization": f"Basic {basic}"})["access_token"]
