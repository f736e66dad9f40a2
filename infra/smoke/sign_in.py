"""Signs in through the hosted sign-in page: the authorization code flow with PKCE (RFC 7636), as the portal does."""

import base64
import hashlib
import http.cookiejar
import json
import os
import secrets
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from .report import Failed
from .web import SECONDS, post_form

ROOT = Path(__file__).resolve().parents[2]
BROWSER = Path(__file__).with_name("browser.mjs")
PLAYWRIGHT = ROOT / "portal/node_modules/@playwright/test"
PATIENCE = 120  # seconds for the browser


class Tokens(NamedTuple):
    id: str
    access: str
    refresh: str


class Redirect(NamedTuple):
    """The address of the sign-in page, and what a correct return from it has."""

    address: str
    returns_to: str
    state: str
    verifier: str


def begin(stack, client_id, returns_to):
    """A new authorization request."""
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    request = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": returns_to,
        "scope": "openid",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return Redirect(f"{stack.sign_in}/oauth2/authorize?{urllib.parse.urlencode(request)}", returns_to, state, verifier)


def sign_in(stack, email, password, with_browser):
    """Signs a person in, and returns the tokens. Without a browser, sends the page's form as one would."""
    client_id = stack.outputs["ClientId"]
    client = stack.client("cognito-idp").describe_user_pool_client(UserPoolId=stack.outputs["PoolId"], ClientId=client_id)
    redirect = begin(stack, client_id, client["UserPoolClient"]["CallbackURLs"][0])
    returned = (by_browser if with_browser else by_form)(redirect, email, password)
    exchange = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code_in(returned, redirect.state),
        "redirect_uri": redirect.returns_to,
        "code_verifier": redirect.verifier,
    }
    answer = post_form(f"{stack.sign_in}/oauth2/token", exchange)
    return Tokens(answer["id_token"], answer["access_token"], answer["refresh_token"])


def renewed(stack, tokens):
    """The ID token that the refresh token gives, as the portal renews it."""
    form = {"grant_type": "refresh_token", "client_id": stack.outputs["ClientId"], "refresh_token": tokens.refresh}
    return post_form(f"{stack.sign_in}/oauth2/token", form)["id_token"]


def code_in(returned, state):
    """The authorization code in the address that the page returned to."""
    values = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(returned).query))
    if "code" not in values:
        raise Failed(f"the sign-in page returned {values.get('error')}: {values.get('error_description', 'no description')}")
    if values.get("state") != state:
        raise Failed("the sign-in page returned another state")
    return values["code"]


def claims_of(token):
    """The claims of a token. Its signature is for the API to verify."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


# ---------------------------------------------------------------- with a browser


def has_browser():
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return bool(shutil.which("node")) and PLAYWRIGHT.exists() and Path(chromium).exists()


def by_browser(redirect, email, password):
    task = {"task": "code", "address": redirect.address, "redirect": redirect.returns_to, "email": email, "password": password}
    return browse(task)["returned"]


def browse(task):
    """The result of a task of browser.mjs. Raises Failed with the page's text if it failed."""
    ran = subprocess.run(["node", BROWSER], input=json.dumps(task), capture_output=True, text=True, timeout=PATIENCE, check=False)
    try:
        result = json.loads(ran.stdout)
    except ValueError:
        raise Failed(f"the browser did not start: {ran.stderr[-300:]}") from None
    if "error" in result:
        raise Failed(f"{result['error']} The page shows: {result['page']!r}")
    return result


# ---------------------------------------------------------------- without a browser


class Forms(HTMLParser):
    """The forms of a page, each with its action and the values of its inputs."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.forms.append({"action": values.get("action", ""), "inputs": {}})
        if tag == "input" and self.forms and values.get("name"):
            self.forms[-1]["inputs"][values["name"]] = values.get("value") or ""


class Returned(Exception):
    """The page redirected to the portal."""


class UntilReturned(urllib.request.HTTPRedirectHandler):
    def __init__(self, returns_to):
        self.returns_to = returns_to

    def redirect_request(self, request, file, status, message, headers, address):
        if address.startswith(self.returns_to):
            raise Returned(address)
        return super().redirect_request(request, file, status, message, headers, address)


def by_form(redirect, email, password):
    """Sends the page's form, and returns the address that the page redirects to."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opener = urllib.request.build_opener(cookies, UntilReturned(redirect.returns_to))
    page, address = opened(opener, redirect.address)
    form = sign_in_form(page)
    filled = urllib.parse.urlencode(form["inputs"] | {"username": email, "password": password}).encode()
    try:
        page, _ = opened(opener, urllib.parse.urljoin(address, form["action"]), filled)
    except Returned as returned:
        return str(returned)
    raise Failed(f"the sign-in page did not return to {redirect.returns_to}: it shows another page of {len(page)} characters")


def opened(opener, address, body=None):
    """The page at the address, and the address that it is at after redirects."""
    try:
        with opener.open(address, body, timeout=SECONDS) as answer:
            return answer.read().decode(), answer.url
    except urllib.error.HTTPError as error:
        with error:
            raise Failed(f"the sign-in page answered {error.code}: {error.read(300).decode(errors='replace')}") from None


def sign_in_form(page):
    parser = Forms()
    parser.feed(page)
    for form in parser.forms:
        if {"username", "password"} <= form["inputs"].keys():
            return form
    raise Failed("the sign-in page has no form with a username and a password")
