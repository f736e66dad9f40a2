"""Tests of the checks that send requests, against a server that answers as API Gateway or Cognito does."""

import json
import threading
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

from smoke import sign_in
from smoke.organisation import Organisation
from smoke.portal import Portal
from smoke.report import Cleanup, Failed
from smoke.responses import Responses
from smoke.web import Api, send
from smoke_stack import Lines, Stack
from stubs import Cloud

ORIGIN = "https://minasidor.example"
CORS = {"access-control-allow-origin": ORIGIN}
PERMITTED = {
    "access-control-allow-headers": "authorization,content-type,idempotency-key,if-match",
    "access-control-allow-methods": "GET,POST,PUT,PATCH,DELETE,OPTIONS",
}
COMMON = {"x-content-type-options": "nosniff", "cache-control": "no-store", "strict-transport-security": "max-age=31536000"}
# As Cognito's: a hidden copy of the form, a token against forged requests, and a relative action.
PAGE = """<form action="/forgot"><input name="username"></form>
<form method="post" action="login?client_id=portal"><input type="hidden" name="_csrf" value="1">
<input name="username"><input name="password"><input type="submit" name="signIn" value="Sign in"></form>
<form action="login"><input name="username"><input name="password"></form>"""


class Served(unittest.TestCase):
    """`self.answers` has status, headers and body by request, as in `GET /v1/me`, or a function that returns them."""

    def setUp(self):
        self.answers, self.requests = {}, []
        test = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                path = self.path.partition("?")[0]
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                test.requests.append((f"{self.command} {path}", dict(urllib.parse.parse_qsl(body)), dict(self.headers)))
                answer = test.answers.get(f"{self.command} {path}", (404, {}, b"{}"))
                status, headers, body = answer(self) if callable(answer) else answer
                self.send_response(status)
                for name, value in (headers | {"content-length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_OPTIONS = answer  # noqa: N815

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.address = f"http://127.0.0.1:{server.server_port}"

    def stack(self, **changes):
        return SimpleNamespace(api=self.address, sign_in=self.address, portal=self.address, origin=ORIGIN, local=False, **changes)


class OfTheGateway(Served):
    def preflight(self, headers):
        self.answers["OPTIONS /v1/recordings"] = (204, headers, b"")
        Responses(self.stack(), Lines()).preflight()

    def test_a_preflight(self):
        self.preflight(CORS | PERMITTED)
        with self.assertRaisesRegex(Failed, "access-control-allow-origin is absent"):
            self.preflight(PERMITTED)
        with self.assertRaisesRegex(Failed, "if-match is not permitted"):
            self.preflight(CORS | PERMITTED | {"access-control-allow-headers": "authorization,content-type,idempotency-key"})
        with self.assertRaisesRegex(Failed, "PATCH is not permitted"):
            self.preflight(CORS | PERMITTED | {"access-control-allow-methods": "GET,POST"})

    def test_a_preflight_of_another_origin(self):
        responses = Responses(self.stack(), Lines())
        self.answers["OPTIONS /v1/recordings"] = (204, {}, b"")
        responses.foreign_preflight()
        self.answers["OPTIONS /v1/recordings"] = (204, {"access-control-allow-origin": "*"}, b"")
        with self.assertRaisesRegex(Failed, r"it permits \*"):
            responses.foreign_preflight()

    def test_refusals(self):
        report = Lines()
        self.answers["OPTIONS /v1/recordings"] = (204, CORS | PERMITTED, b"")
        unauthorized = (401, {}, b'{"message":"Unauthorized"}')
        self.answers["GET /v1/me"] = lambda request: (403, CORS, b"{}") if "authorization" in request.headers else unauthorized
        self.answers["GET /v1/nothing"] = (200, CORS, b"{}")
        Responses(self.stack(), report).of_the_gateway()
        self.assertIn("pass     a request without a token is answered with 401", report.text)
        self.assertIn("fail     the 401 of a request without a token has CORS headers: access-control-allow-origin is absent", report.text)
        self.assertIn("pass     the 403 of an invented token has CORS headers", report.text)
        self.assertIn("fail     an unknown address is answered with 404: the status is 200, not 404", report.text)

    def test_headers_of_functions(self):
        responses, user = Responses(self.stack(), Lines()), Api(self.address, "token")
        self.answers["GET /v1/me"] = (200, CORS | COMMON, b"{}")
        responses.expect_headers(user, 200, "GET /v1/me")
        for missing in COMMON:
            self.answers["GET /v1/me"] = (200, {name: value for name, value in (CORS | COMMON).items() if name != missing}, b"{}")
            with self.assertRaisesRegex(Failed, f"{missing} is absent"):
                responses.expect_headers(user, 200, "GET /v1/me")

    def test_a_refusal_names_its_problem(self):
        self.answers["GET /v1/me"] = (403, {}, b'{"code":"unknown-user","detail":"there is no such user"}')
        with self.assertRaisesRegex(Failed, "GET /v1/me answered 403: unknown-user, there is no such user"):
            Api(self.address, "token").ask("GET /v1/me")
        with self.assertRaisesRegex(Failed, "answered 403, not 404"):
            Api(self.address, "token").ask("GET /v1/me", status=404)


class OfThePortal(Served):
    def test_its_page(self):
        portal = Portal(self.stack(), Lines())
        headers = {"x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer"}
        self.answers["GET /"] = (200, headers | {"content-security-policy": f"connect-src {self.address}"}, b"<script>")
        portal.page()
        self.answers["GET /"] = (200, headers | {"content-security-policy": "connect-src 'self'"}, b"<script>")
        with self.assertRaisesRegex(Failed, "policy does not permit http"):
            portal.page()
        with self.assertRaisesRegex(Failed, "strict-transport-security is absent"):
            portal.hsts()

    def test_its_settings(self):
        portal = Portal(self.stack(outputs={"Audience": "portal", "Issuer": "issuer"}), Lines())
        found = {"api": self.address, "client": "portal", "issuer": "issuer"}
        self.answers["GET /settings.json"] = (200, {}, json.dumps(found).encode())
        portal.settings()
        self.answers["GET /settings.json"] = (200, {}, json.dumps(found | {"api": "https://other.example"}).encode())
        with self.assertRaisesRegex(Failed, "api is 'https://other.example'"):
            portal.settings()


class OfSignIn(Served):
    def setUp(self):
        super().setUp()
        self.redirect = sign_in.begin(self.stack(), "portal", f"{ORIGIN}/")
        query = urllib.parse.urlsplit(self.redirect.address).query
        self.answers["GET /oauth2/authorize"] = (302, {"location": f"/login?{query}"}, b"")
        self.answers["GET /login"] = (200, {"set-cookie": "XSRF-TOKEN=1; Path=/"}, PAGE.encode())
        self.answers["POST /login"] = (302, {"location": f"{ORIGIN}/?code=c&state={self.redirect.state}"}, b"")

    def test_the_form_is_sent_with_its_hidden_values_and_cookies(self):
        returned = sign_in.by_form(self.redirect, "caller@example.se", "secret")
        self.assertEqual("c", sign_in.code_in(returned, self.redirect.state))
        request, form, headers = self.requests[-1]
        self.assertEqual(("POST /login", "XSRF-TOKEN=1"), (request, headers["Cookie"]))
        self.assertEqual({"_csrf": "1", "username": "caller@example.se", "password": "secret", "signIn": "Sign in"}, form)

    def test_a_page_that_does_not_return(self):
        self.answers["POST /login"] = (200, {}, b"Incorrect username or password.")
        with self.assertRaisesRegex(Failed, "did not return to https://minasidor.example/"):
            sign_in.by_form(self.redirect, "caller@example.se", "secret")
        self.answers["GET /login"] = (200, {}, b"An error was encountered with the requested page.")
        with self.assertRaisesRegex(Failed, "has no form"):
            sign_in.by_form(self.redirect, "caller@example.se", "secret")

    def test_an_address_to_return_to_needs_a_code_and_the_state(self):
        for returned, expected in (
            (f"{ORIGIN}/?error=invalid_scope&state=s", "returned invalid_scope"),
            (f"{ORIGIN}/?code=c&state=other", "another state"),
        ):
            with self.assertRaisesRegex(Failed, expected):
                sign_in.code_in(returned, "s")

    def test_a_redirect_is_not_followed(self):
        self.assertEqual(302, send("GET", f"{self.address}/oauth2/authorize").status)


class OfTokens(unittest.TestCase):
    def setUp(self):
        self.cloud = Cloud(self)
        stack = Stack(self.cloud)
        stack.outputs |= {"Audience": "portal", "Issuer": "issuer"}
        self.organisation = Organisation(stack, Lines(), Cleanup())
        self.claims = {
            "token_use": "id",
            "custom:organisation": self.organisation.id,
            "custom:user": "caller",
            "aud": "portal",
            "iss": "issuer",
        }

    def check(self, claims):
        payload = sign_in.base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        self.organisation.check_claims(f"header.{payload}.signature")

    def test_claims(self):
        self.check(self.claims)
        for missing in self.claims:
            with self.assertRaisesRegex(Failed, f"the claim {missing} is absent"):
                self.check({name: value for name, value in self.claims.items() if name != missing})

    def test_an_attribute_that_a_user_may_write(self):
        self.organisation.other_tokens = {"AccessToken": "token"}
        user = {"Username": "caller", "UserAttributes": []}
        self.cloud.responds("cognito-idp", "get_user", user)
        self.cloud.refuses("cognito-idp", "update_user_attributes", "NotAuthorizedException")
        self.organisation.write_organisation()
        self.cloud.responds("cognito-idp", "get_user", user)
        self.cloud.responds("cognito-idp", "update_user_attributes", {})
        with self.assertRaisesRegex(Failed, "the user pool accepted it"):
            self.organisation.write_organisation()

    def test_an_account_that_was_created_is_deleted(self):
        pool = "cognito-idp"
        user = {"UserPoolId": "eu-north-1_1", "Username": self.organisation.email("administrator")}
        self.cloud.responds(pool, "admin_create_user", {})
        self.cloud.refuses(pool, "admin_set_user_password", "InvalidPasswordException")
        report, self.organisation.report = Lines(), Lines()
        report.check("accounts", "repair it", self.organisation.create_accounts)
        self.assertTrue(report.failed)
        self.cloud.responds(pool, "admin_delete_user", {}, user)
        self.organisation.cleanup.run(self.organisation.report)
        self.cloud.is_used()
        self.assertFalse(self.organisation.report.failed)


if __name__ == "__main__":
    unittest.main()
