"""HTTP requests, and the API as one caller reaches it."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple

from .report import Failed

SECONDS = 60  # for one request


class Answer(NamedTuple):
    """A response of any status. The names of its headers are in lower case."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body or b"null")

    def problem(self):
        """The error code and its explanation, or the beginning of the body."""
        try:
            body = self.json()
            return body.get("message") or f"{body['code']}, {body['detail']}"
        except (ValueError, KeyError, AttributeError):
            return self.body[:200].decode(errors="replace")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


DIRECT = urllib.request.build_opener(NoRedirect)


def send(method, url, headers=None, body=None):
    """The response, also to a request that is refused. Redirects are not followed."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with DIRECT.open(request, timeout=SECONDS) as answer:
            return Answer(answer.status, lowered(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, lowered(error.headers), error.read())


def lowered(headers):
    return {name.lower(): value for name, value in headers.items()}


class Api:
    """The API with a caller's token."""

    def __init__(self, address, token):
        self.address, self.token = address, token

    def send(self, request, body=None, headers=None):
        """Sends a request, as in `GET /v1/me`."""
        method, path = request.split(" ", 1)
        all_headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"} | (headers or {})
        return send(method, self.address + path, all_headers, None if body is None else json.dumps(body).encode())

    def ask(self, request, body=None, status=None, headers=None):
        """The body of the response, which must have the status, or any of 2xx if none is given."""
        answer = self.send(request, body, headers)
        if answer.status != status if status else not 200 <= answer.status < 300:
            wanted = f", not {status}" if status else ""
            raise Failed(f"{request} answered {answer.status}{wanted}: {answer.problem()}")
        return answer.json()


def query(path, **parameters):
    return f"{path}?{urllib.parse.urlencode(parameters)}"


def post_form(url, form, headers=None):
    """Sends a form, and returns the response's JSON. Raises Failed if it is refused."""
    headers = {"content-type": "application/x-www-form-urlencoded"} | (headers or {})
    answer = send("POST", url, headers, urllib.parse.urlencode(form).encode())
    if answer.status != 200:
        raise Failed(f"POST {urllib.parse.urlsplit(url).path} answered {answer.status}: {answer.body[:200].decode(errors='replace')}")
    return answer.json()
