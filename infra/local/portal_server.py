"""Serves the built portal on loopback, with the files and headers of CloudFront in the template."""

import json
import mimetypes
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "portal/dist"
FOREVER, REVALIDATED = "public, max-age=31536000, immutable", "no-cache"  # as infra/portal_files.py uploads them


def origin(port):
    return f"http://localhost:{port}"


DEVELOPMENT = origin(5174)  # of `npm run dev`, by portal/vite.config.ts


def serve(cloud, port):
    """Serves the portal until this process ends. Returns its origin, or None if it is not built."""
    if not (BUILT / "index.html").exists():
        return None
    headers, settings = headers_of_the_cloud(cloud["endpoint"]), json.dumps(settings_of(cloud)).encode()
    handler = type("Portal", (Handler,), {"always": headers, "settings": settings})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return origin(port)


def settings_of(cloud):
    """settings.json, with the API and the sign-in, as infra/portal_files.py writes it in the cloud."""
    pool = cloud["endpoint"]
    return {
        "api": cloud["api"],
        "issuer": cloud["issuer"],
        "client": cloud["client_id"],
        "signIn": {
            "authorization_endpoint": f"{pool}/oauth2/authorize",
            "token_endpoint": f"{pool}/oauth2/token",
            "end_session_endpoint": f"{pool}/logout",
        },
    }


def headers_of_the_cloud(endpoint):
    """The headers of the template's policy, with the local cloud's address in place of AWS's."""
    template = yaml.load((ROOT / "infra/template.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags
    policy = template["Resources"]["PortalHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security, written = policy["SecurityHeadersConfig"], policy["CustomHeadersConfig"]["Items"]
    text, origins = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    for name in origins:
        text = text.replace(f"${{{name}}}", endpoint)
    return {
        "Content-Security-Policy": text,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        **{header["Header"]: header["Value"] for header in written},
    }


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's tags as their plain values."""


def plain(loader, _tag, node):
    read = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: lambda n: loader.construct_sequence(n, deep=True)}
    return read.get(type(node), lambda n: loader.construct_mapping(n, deep=True))(node)


Loader.add_multi_constructor("!", plain)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    always, settings = {}, b""

    def do_GET(self):  # noqa: N802 - http.server requires the name
        path = self.path.partition("?")[0]
        if path == "/settings.json":
            return self.answer(200, self.settings, "application/json", REVALIDATED)
        file = (BUILT / path.lstrip("/")).resolve()
        if not (file.is_relative_to(BUILT) and file.is_file()):
            if "." in path.rpartition("/")[2]:
                return self.answer(404, b"", "text/plain", REVALIDATED)
            file = BUILT / "index.html"  # the address of a page, which the app routes
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return self.answer(200, file.read_bytes(), kind, FOREVER if file.parent.name == "assets" else REVALIDATED)

    do_HEAD = do_GET  # noqa: N815

    def answer(self, status, body, kind, cached):
        self.send_response(status)
        for name, value in {**self.always, "Content-Type": kind, "Content-Length": len(body), "Cache-Control": cached}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        """Logs nothing, because an address may contain a telephone number."""
