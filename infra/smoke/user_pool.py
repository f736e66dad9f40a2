"""The user pool and its clients, compared with the template."""

from .report import Failed, Skipped, agree, expect, ordered

CLIENT = ("AllowedOAuthFlows", "AllowedOAuthScopes", "ReadAttributes", "WriteAttributes", "ExplicitAuthFlows", "EnableTokenRevocation")


class UserPool:
    def __init__(self, stack, report):
        self.stack, self.report, self.template = stack, report, stack.template
        self.client, self.id = stack.client("cognito-idp"), stack.outputs["PoolId"]

    def checks(self):
        check = self.report.check
        check(
            "only administrators create accounts, and e-mail addresses are compared without case",
            "aws cognito-idp update-user-pool; the comparison cannot be changed, and needs a new pool",
            self.pool,
            only_on_aws=True,
        )
        check(
            "the portal's client has the flows, the scope and the attributes of the template",
            "aws cognito-idp update-user-pool-client writes all settings: pass the template's along",
            self.portal_client,
        )
        check(
            "the operator's client has the scope inspelning/operator alone",
            "aws cognito-idp update-user-pool-client writes all settings: pass the template's along",
            self.operator_client,
        )
        check(
            "the sign-in domain is active",
            "wait a minute after the first deployment; then compare PoolDomain of the template",
            self.domain,
        )
        check(
            "e-mails are sent by SES",
            "verify the identity in SES, ask AWS to leave the sandbox, and deploy with EmailIdentity=…",
            self.email,
        )

    def pool(self):
        found = self.client.describe_user_pool(UserPoolId=self.id)["UserPool"]
        for member in ("AdminCreateUserConfig", "UsernameConfiguration"):
            agree(self.template.get("Pool", member), found.get(member, {}))
        expect(self.template.get("Pool", "UserPoolTier"), found.get("UserPoolTier"), "UserPoolTier")
        agree(self.template.get("Pool", "Policies")["PasswordPolicy"], found["Policies"]["PasswordPolicy"])

    def described(self, output):
        return self.client.describe_user_pool_client(UserPoolId=self.id, ClientId=self.stack.outputs[output])["UserPoolClient"]

    def portal_client(self):
        found = self.described("ClientId")
        wanted = {member: ordered(self.template.get("PoolClient", member)) for member in CLIENT}
        agree(wanted, {name: ordered(value) for name, value in found.items()})
        for member in ("CallbackURLs", "LogoutURLs"):
            if not set(self.template.get("PoolClient", member)) <= set(found.get(member, [])):
                raise Failed(f"{member} is {found.get(member)}")

    def operator_client(self):
        wanted = {member: self.template.get("OperatorClient", member) for member in ("AllowedOAuthFlows", "AllowedOAuthScopes")}
        agree(wanted, self.described("OperatorClientId"))

    def domain(self):
        found = self.client.describe_user_pool_domain(Domain=self.template.get("PoolDomain", "Domain"))["DomainDescription"]
        agree({"Status": "ACTIVE", "UserPoolId": self.id}, found)

    def email(self):
        identity = self.stack.parameters.get("EmailIdentity")
        if not identity:
            raise Skipped("the stack has no EmailIdentity: Cognito sends 50 messages a day")
        found = self.client.describe_user_pool(UserPoolId=self.id)["UserPool"].get("EmailConfiguration", {})
        agree({"EmailSendingAccount": "DEVELOPER", "SourceArn": identity}, found)
