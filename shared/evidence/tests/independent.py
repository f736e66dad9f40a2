"""Verifies a package with Python's standard library and openssl alone: `independent.py FOLDER`.

It shares no code with the crate: it is what a sceptic writes from docs/evidence.md. It prints each error, and exits with 1 if there is any.
"""

import datetime
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def canonical(value):
    """RFC 8785, for values whose numbers are integers."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{canonical(inner)}" for name, inner in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(proof):
    """RFC 9162, section 2.1.3.2. None if the path does not fit the size."""
    index, last, node = proof["index"], proof["size"] - 1, bytes.fromhex(proof["leaf"])
    if not 0 <= index <= last:
        return None
    for beside in map(bytes.fromhex, proof["path"]):
        if last == 0:
            return None
        if index % 2 or index == last:
            node = sha256(b"\1", beside, node)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\1", node, beside)
        index, last = index >> 1, last >> 1
    return node.hex() if last == 0 else None


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True).returncode == 0


class Package:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.errors = []

    def check(self, holds, error):
        if not holds:
            self.errors.append(error)
        return holds

    def verify(self):
        self.files()
        supers = {path.stem: self.signed(path) for path in sorted((self.folder / "super").glob("*.json"))}
        for day, head in supers.items():
            self.stamped(day)
            self.follows(supers, day, "super")
        heads = {}
        for path in sorted((self.folder / "heads").glob("*.json")):
            if not path.name.endswith(".proof.json"):
                head = self.signed(path)
                heads[head["organisation"], head["day"]] = head
                self.in_super_root(path, head, supers.get(head["day"]))
        for organisation in {of for of, _ in heads}:
            days = {day: head for (of, day), head in heads.items() if of == organisation}
            for day in days:
                self.follows(days, day, organisation)
        for path in sorted((self.folder / "facts").glob("*.json")):
            self.recording(path, heads)
        return self.errors

    def files(self):
        manifest = (self.folder / "MANIFEST.json").read_bytes()
        hashed = (self.folder / "MANIFEST.sha256").read_text()
        self.check(hashed == f"{hashlib.sha256(manifest).hexdigest()}  MANIFEST.json\n", "MANIFEST.json was changed")
        listed = {"MANIFEST.json", "MANIFEST.sha256"}
        for file in json.loads(manifest)["files"]:
            path = self.folder / file["path"]
            listed.add(file["path"])
            if self.check(path.is_file(), f"{file['path']} is missing"):
                content = path.read_bytes()
                right = (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
                self.check(right, f"{file['path']} was changed")
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            self.check(path.is_dir() or name in listed, f"{name} does not belong here")

    def signed(self, path):
        content = path.read_bytes()
        head = json.loads(content)
        self.check(canonical(head).encode() == content, f"{path.name} is not canonical")
        key = self.folder / f"keys/{head['kid']}.pem"
        public = subprocess.run(["openssl", "pkey", "-pubin", "-in", key, "-outform", "DER"], capture_output=True).stdout
        self.check(hashlib.sha256(public).hexdigest() == head["kid"], f"{key.name} has another fingerprint")
        is_signed = openssl("dgst", "-sha256", "-verify", key, "-signature", path.with_suffix(".sig"), path)
        self.check(is_signed, f"{path.name} is not signed")
        return head

    def stamped(self, day):
        path = self.folder / f"super/{day}"
        with tempfile.NamedTemporaryFile(suffix=".pem") as trusted:
            trusted.write(b"".join(authority.read_bytes() for authority in (self.folder / "tsa").glob("*.pem")))
            trusted.flush()
            data, response = path.with_suffix(".json"), path.with_suffix(".tsr")
            fits = openssl("ts", "-verify", "-data", data, "-in", response, "-CAfile", trusted.name)
        self.check(fits, f"the timestamp of {day} does not fit")

    def follows(self, heads, day, of):
        before = (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()
        if before in heads:
            previous = hashlib.sha256(canonical(heads[before]).encode()).hexdigest()
            self.check(heads[day]["previous"] == previous, f"{of}: {day} does not follow {before}")

    def in_super_root(self, path, head, over):
        proof = json.loads(path.with_name(path.name.replace(".json", ".proof.json")).read_bytes())
        leaf = sha256(b"\0", sha256(canonical(head).encode())).hex()
        right = over and (proof["leaf"], root_of(proof), proof["size"]) == (leaf, over["root"], over["size"])
        self.check(right, f"{path.name} is not in the super-root")

    def recording(self, path, heads):
        stored = None
        for sealed in json.loads(path.read_bytes()):
            facts, proof = sealed["facts"], sealed["proof"]
            head = heads.get((facts["organisation"], sealed["head"]))
            leaf = sha256(b"\0", bytes.fromhex(sealed["salt"]), canonical(facts).encode()).hex()
            right = head and (proof["leaf"], root_of(proof), proof["size"]) == (leaf, head["root"], head["size"])
            self.check(right and facts["subject"] == path.stem, f"{path.stem}: {facts['kind']} is not sealed")
            if facts["kind"] == "stored":
                stored = facts
        for audio in (self.folder / "recordings").glob(f"*/*_{path.stem}.*"):
            content = audio.read_bytes()
            right = stored and (hashlib.sha256(content).hexdigest(), len(content)) == (stored["sha256"], stored["bytes"])
            self.check(right, f"{audio.name} is not what was stored")


if __name__ == "__main__":
    errors = Package(sys.argv[1]).verify()
    print("\n".join(errors) or "nothing is wrong")
    sys.exit(1 if errors else 0)
