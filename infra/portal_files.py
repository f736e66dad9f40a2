"""Uploads the built portal and settings.json, which names this stack's API and sign-in.

Browsers cache files with a content hash in their name for ever; they revalidate index.html and
settings.json. index.html comes last, so that every file it names exists. Old files stay for old pages.
"""

import json
import mimetypes
from pathlib import Path

BUILT = Path(__file__).resolve().parents[1] / "portal/dist"
FOREVER, REVALIDATED = "public, max-age=31536000, immutable", "no-cache"


def upload(s3, outputs):
    """Uploads all to the stack's portal bucket. Raises RuntimeError if the portal is not built."""
    if not (BUILT / "index.html").exists():
        raise RuntimeError("the portal is not built: run `make portal`")
    bucket = outputs["PortalBucket"]
    files = [file for file in BUILT.rglob("*") if file.is_file() and ".vite" not in file.parts]
    put(s3, bucket, "settings.json", json.dumps(settings(outputs)).encode(), REVALIDATED)
    for file in sorted(files, key=lambda file: file.suffix == ".html"):
        put(s3, bucket, file.relative_to(BUILT).as_posix(), file.read_bytes(), FOREVER if file.parent.name == "assets" else REVALIDATED)


def put(s3, bucket, key, body, caching):
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, CacheControl=caching)


def settings(outputs):
    """The settings of the portal. It asks an issuer other than Cognito for its endpoints."""
    own = f".amazonaws.com/{outputs['PoolId']}"
    described = {"api": outputs["ApiUrl"], "issuer": outputs["Issuer"], "client": outputs["Audience"]}
    if outputs["Issuer"].endswith(own):
        described["signIn"] = endpoints(outputs["SignInUrl"])
    return described


def endpoints(address):
    """Cognito's endpoints, at the address of its sign-in page."""
    return {
        "authorization_endpoint": f"{address}/oauth2/authorize",
        "token_endpoint": f"{address}/oauth2/token",
        "revocation_endpoint": f"{address}/oauth2/revoke",
        "end_session_endpoint": f"{address}/logout",
    }
