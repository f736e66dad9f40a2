"""The portal: its pages, their headers, and a sign-in in a browser."""

import json
import secrets
import urllib.parse

from . import sign_in
from .organisation import RECORDED
from .report import Failed, Skipped, agree, expect, none_of
from .web import send


class Portal:
    def __init__(self, stack, report):
        self.stack, self.report = stack, report

    def checks(self):
        check = self.report.check
        check(
            "the portal is served, with its security headers",
            "deploy again, which uploads the portal last; compare the distribution's response headers policy with the template",
            self.page,
        )
        check("the portal's headers have HSTS", "compare PortalHeaders of the template with the distribution", self.hsts, only_on_aws=True)
        check("the portal redirects HTTP to HTTPS", "ViewerProtocolPolicy must be redirect-to-https", self.redirect, only_on_aws=True)
        check(
            "an address of a page returns the app",
            "the CloudFront function PortalPages must run on viewer-request",
            lambda: self.expect_page("/calls"),
        )
        check(
            "the portal's settings name this API and sign-in",
            "deploy again, which uploads settings.json",
            self.settings,
        )

    def page(self):
        answer = self.expect_page("/")
        agree({"x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer"}, answer.headers)
        policy = answer.headers.get("content-security-policy", "")
        api, sign_in_page = (origin_of(address) for address in (self.stack.api, self.stack.sign_in))
        none_of([f"the content security policy does not permit {one}" for one in (api, sign_in_page) if one not in policy])

    def expect_page(self, path):
        answer = self.fetch(path)
        expect(200, answer.status, "the status")
        if b"<script" not in answer.body:
            raise Failed("it is not the app")
        return answer

    def fetch(self, path):
        if not self.stack.portal:
            raise Skipped("the portal is not built: make portal")
        return send("GET", self.stack.portal + path)

    def hsts(self):
        if "max-age=" not in self.fetch("/").headers.get("strict-transport-security", ""):
            raise Failed("strict-transport-security is absent")

    def redirect(self):
        address = self.stack.portal.replace("https://", "http://", 1)
        answer = send("GET", f"{address}/")
        if not answer.headers.get("location", "").startswith("https://"):
            raise Failed(f"it answers {answer.status} without a redirect")

    def settings(self):
        found = json.loads(self.fetch("/settings.json").body)
        agree({"api": self.stack.api, "client": self.stack.outputs["Audience"], "issuer": self.stack.outputs["Issuer"]}, found)

    def browse(self, organisation):
        """Signs in to the portal in a browser, which applies its policy and CORS."""
        self.report.check(
            "in Chromium, a user signs in to the portal and sees their calls, without an error in its console",
            "the console's message names the request or the policy: compare it with the CORS and CSP checks above",
            lambda: self.list_calls(organisation),
        )

    def list_calls(self, organisation):
        if not sign_in.has_browser():
            raise Skipped("there is no Chromium or no portal/node_modules here")
        if b'"api"' not in self.settings_at_origin():
            raise Skipped(f"PortalOrigin is {self.stack.origin}, where no portal is: deploy again with PortalOrigin={self.stack.portal}")
        task = {
            "address": f"{self.stack.origin}/calls",
            "issuer": self.stack.sign_in,
            "email": organisation.email(RECORDED),
            "password": organisation.password,
        }
        result = sign_in.browse({"task": "portal", **task})
        expect(2, result["rows"], "the number of calls")
        none_of(result["complaints"])

    def settings_at_origin(self):
        """The portal's settings where its users open it. A changing query passes caches."""
        try:
            return send("GET", f"{self.stack.origin}/settings.json?{secrets.token_hex(4)}").body
        except OSError:
            return b""


def origin_of(address):
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
