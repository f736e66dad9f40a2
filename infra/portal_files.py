"""Puts the built portal into its bucket, with settings.json: where this stack's API and sign-in are.

A file whose name holds a hash of its content is kept for ever by whoever has fetched it; index.html and settings.json are asked for
anew. What names others comes last, so that nobody is led to a file that is not there yet; files of before stay, for who has the old page.
"""

import json
import mimetypes
from pathlib import Path

BUILT = Path(__file__).resolve().parents[1] / "portal/dist"
FOREVER, ASKED_AGAIN = "public, max-age=31536000, immutable", "no-cache"


def upload(s3, outputs):
    """Uploads everything to the bucket that the stack's outputs name. Raises RuntimeError where the portal is not built."""
    if not (BUILT / "index.html").exists():
        raise RuntimeError("the portal is not built: run `make portal`")
    bucket = outputs["PortalBucket"]
    files = [file for file in BUILT.rglob("*") if file.is_file() and ".vite" not in file.parts]
    put(s3, bucket, "settings.json", json.dumps(settings(outputs)).encode(), ASKED_AGAIN)
    for file in sorted(files, key=lambda file: file.suffix == ".html"):
        put(s3, bucket, file.relative_to(BUILT).as_posix(), file.read_bytes(), FOREVER if file.parent.name == "assets" else ASKED_AGAIN)


def put(s3, bucket, key, body, kept):
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, CacheControl=kept)


def settings(outputs):
    """What the portal reads at its start. Another issuer's endpoints are left out: the portal asks the issuer."""
    own = f".amazonaws.com/{outputs['PoolId']}"
    described = {"api": outputs["ApiUrl"], "issuer": outputs["Issuer"], "client": outputs["Audience"]}
    if outputs["Issuer"].endswith(own):
        described["signIn"] = endpoints(outputs["SignInUrl"])
    return described


def endpoints(address):
    """Cognito's, at the address of its sign-in page."""
    return {
        "authorization_endpoint": f"{address}/oauth2/authorize",
        "token_endpoint": f"{address}/oauth2/token",
        "revocation_endpoint": f"{address}/oauth2/revoke",
        "end_session_endpoint": f"{address}/logout",
    }
