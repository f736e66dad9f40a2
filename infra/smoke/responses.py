"""The responses of the API to a browser: CORS, refusals and security headers."""

from .report import Failed, Skipped, agree, expect, none_of
from .web import Api, send

FOREIGN = "https://elsewhere.example"
REQUESTED = "authorization,content-type,idempotency-key,if-match"
UNKNOWN = "/v1/recordings/" + "0" * 26
HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
NO_GATEWAY_CORS = (
    "the browser hides such a response from the portal, which then reports a broken connection: "
    "put CloudFront with a response headers policy in front of the API, and report it as a gap of docs/operating/deploy.md"
)
CORS_SETTING = (
    "compare the API's CORS configuration with the template, and deploy with PortalOrigin as the browser shows it, without a slash"
)


class Responses:
    def __init__(self, stack, report):
        self.stack, self.report = stack, report

    # ------------------------------------------------------------ without a token

    def of_the_gateway(self):
        """Responses of API Gateway itself, before any function runs."""
        check = self.report.check
        check("a preflight from the portal's origin is permitted", CORS_SETTING, self.preflight)
        check("a preflight from another origin is not permitted", CORS_SETTING, self.foreign_preflight)
        refusals = {
            401: ("a request without a token", {}, "/v1/me", "every route needs the authorizer, by the template"),
            403: ("an invented token", {"authorization": "Bearer invented"}, "/v1/me", "the log of the authorizer says why"),
            404: ("an unknown address", {}, "/v1/nothing", "the API has a route that the template does not have"),
        }
        for status, (name, headers, path, remedy) in refusals.items():
            check(f"{name} is answered with {status}", remedy, lambda s=status, h=headers, p=path: self.refusal(s, h, p))
        for status, (name, headers, path, _) in refusals.items():
            check(
                f"the {status} of {name} has CORS headers",
                NO_GATEWAY_CORS,
                lambda s=status, h=headers, p=path: self.expect_cors(self.refusal(s, h, p)),
                only_on_aws=True,
            )
        check("a 429 has CORS headers", NO_GATEWAY_CORS, self.throttled)

    def preflight(self):
        answer = self.options(self.stack.origin)
        self.expect_cors(answer)
        allowed = {name.strip().lower() for name in answer.headers.get("access-control-allow-headers", "").split(",")}
        methods = {name.strip() for name in answer.headers.get("access-control-allow-methods", "").split(",")}
        missing = [name for name in REQUESTED.split(",") if name not in allowed] + [
            name for name in ("POST", "PATCH") if name not in methods
        ]
        none_of([f"{name} is not permitted" for name in missing])

    def foreign_preflight(self):
        found = self.options(FOREIGN).headers.get("access-control-allow-origin")
        if found in ("*", FOREIGN):
            raise Failed(f"it permits {found}")

    def options(self, origin):
        asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": REQUESTED}
        return send("OPTIONS", f"{self.stack.api}/v1/recordings", asked)

    def refusal(self, status, headers, path):
        answer = send("GET", self.stack.api + path, {"origin": self.stack.origin} | headers)
        expect(status, answer.status, "the status")
        return answer

    def expect_cors(self, answer):
        expect(self.stack.origin, answer.headers.get("access-control-allow-origin"), "access-control-allow-origin")

    def throttled(self):
        raise Skipped("it would need more requests than ApiBurst at once; the throttle itself is checked above")

    # ------------------------------------------------------------ with a token

    def of_functions(self, organisation):
        """Responses of the functions, through API Gateway."""
        check, user = self.report.check, organisation.recorded
        refusals = {
            200: "GET /v1/me",
            403: "GET /v1/audit",
            404: f"GET {UNKNOWN}",
            422: "GET /v1/recordings?limit=none",
        }
        for status, request in refusals.items():
            check(
                f"{status} of a function has CORS and security headers",
                "compare the API's CORS configuration with the template; shared/platform/src/http/mod.rs sets the other headers",
                lambda s=status, r=request: self.expect_headers(user, s, r),
            )

    def expect_headers(self, api: Api, status, request):
        answer = api.send(request, headers={"origin": self.stack.origin})
        expect(status, answer.status, "the status")
        self.expect_cors(answer)
        agree(HEADERS, answer.headers)
        if "max-age=" not in answer.headers.get("strict-transport-security", ""):
            raise Failed("strict-transport-security is absent")

    def audio(self, organisation, recording):
        """The portal plays a recording by its link, from the bucket's own address."""
        self.report.check(
            "a playback link permits the portal's origin",
            "compare the CORS rules of the recordings bucket with the template",
            lambda: self.play(organisation, recording),
            only_on_aws=True,
        )

    def play(self, organisation, recording):
        link = organisation.recorded.ask(f"POST /v1/recordings/{recording}/playback")["url"]
        self.expect_cors(send("GET", link, {"origin": self.stack.origin, "range": "bytes=0-99"}))
