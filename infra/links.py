"""Checks the Markdown files: every link leads somewhere, and every quoted command and path exists.

    links.py [FILE ...]    all Markdown files of the repository, or these

Checked are relative links and their anchors, `make TARGET` against the Makefile, `npm run SCRIPT` against portal/package.json, and paths
that begin with a folder of the repository. Addresses on the web are not fetched. Prints each error and exits with 1 if there is any.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$")
ANCHOR = re.compile(r"<\w+\s[^>]*\b(?:id|name)=\"([^\"]+)\"")
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
NEXT_COMMAND = re.compile(r"&&|\|\|?|;")
SETTING = re.compile(r"^[A-Z][A-Z_0-9]*=")
WORD = re.compile(r"[^\s=\"'(),:;|]+")
# A part of a path that a reader replaces, as in functions/<name>/src/lib.rs: only the parts before it have to exist.
PLACEHOLDER = re.compile(r"[<>{}$…]|\.\.\.|\b[A-Z]{3,}\b")

# These name files of earlier or later versions.
OTHER_VERSIONS = {"CHANGELOG.md", "docs/glossary.md"}


class Text(NamedTuple):
    """A line of a file, or code quoted in one."""

    number: int
    text: str


class Document(NamedTuple):
    path: Path
    prose: list[Text]
    code: list[Text]


def main(named):
    documents = [read(ROOT / name) for name in named or markdown()]
    errors = [error for document in documents for error in errors_of(document)]
    print("\n".join(errors) or f"{len(documents)} Markdown files: every link, command and path exists")
    return 1 if errors else 0


def markdown():
    """The Markdown files that are tracked, or new and not ignored."""
    return sorted(name for name in listed("--cached", "--others", "--exclude-standard") if name.endswith(".md") and (ROOT / name).is_file())


def errors_of(document):
    name = document.path.relative_to(ROOT)
    for check in (links, commands, paths):
        for number, error in check(document):
            yield f"{name}:{number}: {error}"


def links(document):
    """Links that lead nowhere: each with its line."""
    for number, text in document.prose:
        targets = LINK.findall(text) + REFERENCE.findall(text)
        for target in targets:
            if not SCHEME.match(target) and (reason := dead(document.path, target)):
                yield number, f"link to {target}: {reason}"


def dead(source, target):
    """Why a relative link leads nowhere; None if it leads somewhere."""
    place, _, anchor = unquote(target).partition("#")
    file = (source.parent / place).resolve() if place else source
    if not file.exists():
        return "there is no such file"
    if anchor and file.suffix == ".md" and anchor not in anchors(file):
        return f"{file.relative_to(ROOT)} has no heading of that name"
    return None


@cache
def anchors(file):
    """The anchors of a Markdown file, as GitHub makes them of its headings."""
    found, seen = set(), Counter()
    for _, text in read(file, spans=False).prose:
        found.update(ANCHOR.findall(text))
        if heading := HEADING.match(text):
            slug = slugged(heading[1])
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def slugged(heading):
    shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")


def commands(document):
    """Quoted commands that do not exist: each with its line."""
    for number, code in document.code:
        for command in NEXT_COMMAND.split(code):
            words = command.removeprefix("$ ").split()
            if words[:1] == ["make"] and (target := target_of(words[1:])) and target not in targets():
                yield number, f"`make {target}`: the Makefile has no such target"
            if (script := script_of(words)) and script not in scripts():
                yield number, f"`npm run {script}`: portal/package.json has no such script"


def target_of(words):
    """The target that is made; None of `make` alone, and of one that is written as a placeholder."""
    chosen = next((word for word in words if not word.startswith("-") and not SETTING.match(word)), None)
    return chosen if chosen and re.fullmatch(r"[a-z][a-z0-9-]*", chosen) else None


def script_of(words):
    """The script that npm runs; None where it runs none."""
    if words[:1] != ["npm"] or "run" not in words:
        return None
    script = words[words.index("run") + 1 :][:1]
    return script[0] if script and not PLACEHOLDER.search(script[0]) else None


@cache
def targets():
    names = re.findall(r"^([a-z][a-z0-9 -]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {name for line in names for name in line.split()}


@cache
def scripts():
    return set(json.loads((ROOT / "portal/package.json").read_text())["scripts"])


def paths(document):
    """Quoted paths that do not exist: each with its line. They begin in the repository, or in the file's own folder."""
    if str(document.path.relative_to(ROOT)) in OTHER_VERSIONS:
        return
    for number, code in document.code:
        for word in WORD.findall(code):
            path = word.removeprefix("./").rstrip(".").partition("#")[0]
            first, slash, _ = path.partition("/")
            homes = [home for home in {ROOT, document.path.parent} if first in folders(home)]
            if slash and homes and not any(exists(home, path) for home in homes):
                yield number, f"`{path}`: there is no such path"


def exists(home, path):
    """Whether the path is there, or is made by a command, which git ignores. A `*` matches anything."""
    parts = Path(path).parts
    fixed = next((index for index, part in enumerate(parts) if PLACEHOLDER.search(part)), len(parts))
    pattern = "/".join(parts[:fixed])
    if "*" in pattern:
        return any(home.glob(pattern))
    return (home / pattern).exists() or is_ignored(home / pattern)


@cache
def is_ignored(path):
    return subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, capture_output=True).returncode == 0


@cache
def folders(home):
    """The folders directly below `home` that hold files of the repository."""
    inside = [ROOT / name for name in listed("--cached", "--others", "--exclude-standard")]
    below = [file.relative_to(home).parts for file in inside if file.is_relative_to(home)]
    return {parts[0] for parts in below if len(parts) > 1}


@cache
def listed(*options):
    return subprocess.run(["git", "ls-files", *options], cwd=ROOT, capture_output=True, check=True, text=True).stdout.splitlines()


def read(path, spans=True):
    """The file's prose and its quoted code. Code in a line is taken out of its prose, unless `spans` is false."""
    prose, code, fence = [], [], ""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
            else:
                code.append(Text(number, line))
        elif mark:
            fence = mark[1]
        else:
            code += [Text(number, span) for _, span in SPAN.findall(line)] if spans else []
            prose.append(Text(number, SPAN.sub("``", line) if spans else line))
    return Document(path, prose, code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
