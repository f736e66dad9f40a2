"""Checks the vocabulary of the repository and the length of its doc comments.

    words.py [--summary]

The tables under "Retired terms" in docs/glossary.md list what is no longer used. Every tracked file is searched for it: identifiers,
file names, comments, Markdown, and the descriptions in tests/openapi.json. Text inside string literals is not searched. Each hit is
printed as `path:line: term → replacement`. The sentences of Rust doc comments are measured too: a median above 20 words or a sentence
above 40 words is an error. Exit status 1 reports any error.
"""

import argparse
import bisect
import io
import re
import statistics
import subprocess
import sys
import tokenize
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = "docs/glossary.md"
HEADING = "## Retired terms"
SKIPPED = ["*Cargo.lock", "*package-lock.json", "target/*", "portal/src/api/schema.d.ts"]
MEDIAN_AT_MOST, WORDS_AT_MOST = 20, 40
SCOPES = {"identifier", "prose", "any"}
CODE = "\x00"  # replaces each character of a code span, so that offsets stay the same

RUST = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])'"""
    r"""|'[a-z_]\w*|(?P<name>[A-Za-z_]\w*)""",
    re.DOTALL,
)
SCRIPT = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"""
    r"""|(?:(?<=[(,=:!&|?\[])|(?<=[(,=:!&|?\[]\s))/(?![/*])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\n\\])+/[a-z]*|(?P<name>[A-Za-z_$][\w$]*)""",
    re.DOTALL,
)
HUMPS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
COMMENT_MARK = re.compile(r"^\s*(?:///?!?|/\*+|\*+/|\*(?=\s|$)|#+|--+)?(?:\*/)?", re.MULTILINE)
CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)|\[`?([A-Z]\w*(?:::\w+)+)`?\]", re.DOTALL)
LINK_TARGET = re.compile(r"(?<=\])(?:\([^)\s]*\)|\[[^\]]*\])|https?://\S+")
LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d+\.)\s")
TABLE_RULE = re.compile(r"\s*\|?[\s:|-]*--[\s:|-]*$")
SENTENCE_END = re.compile(r"""(?<![a-z]\.[a-z]\.)(?<=[.!?])["')\]*_]*\s+(?=["'(\[*_]*[A-Z0-9\x00])""")


@dataclass(frozen=True)
class Term:
    """A row of the table: what is retired, what to use instead, and where."""

    text: str
    target: str
    scope: str
    within: tuple
    allowed: tuple

    def applies_to(self, path):
        inside = not self.within or any(fnmatchcase(path, glob) for glob in self.within)
        return inside and not any(fnmatchcase(path, glob) for glob in self.allowed)

    @property
    def is_path(self):
        return "/" in self.text or self.text.endswith(".rs")


class Block:
    """Consecutive lines of prose: their text, and the line of each offset."""

    def __init__(self, lines, is_doc=False, is_title=False):
        self.text, self.is_doc, self.is_title = "\n".join(text for _, text in lines), is_doc, is_title
        self.numbers, self.starts, offset = [number for number, _ in lines], [], 0
        for _, text in lines:
            self.starts.append(offset)
            offset += len(text) + 1
        self.spans = [(match.start(), match[2] or match[3]) for match in CODE_SPAN.finditer(self.text)]
        blanked = LINK_TARGET.sub(lambda match: " " * len(match[0]), self.text)
        self.plain = CODE_SPAN.sub(lambda match: re.sub(r"\S|\s", CODE, match[0]), blanked)

    def line(self, offset):
        return self.numbers[bisect.bisect_right(self.starts, offset) - 1]

    def sentences(self):
        """Each sentence with its offset."""
        start = 0
        for end in [match.end() for match in SENTENCE_END.finditer(self.plain)] + [len(self.plain)]:
            if self.plain[start:end].strip():
                yield start, self.plain[start:end]
            start = end


def main():
    parser = argparse.ArgumentParser(description="checks the vocabulary and the length of doc comments")
    parser.add_argument("--summary", action="store_true", help="print counts per term only")
    arguments = parser.parse_args()
    vocabulary = Vocabulary(read_terms((ROOT / GLOSSARY).read_text()))
    hits, sentences = [], []
    for path in tracked():
        names, blocks = read(path)
        hits += vocabulary.in_path(path) + vocabulary.in_names(path, names) + vocabulary.in_prose(path, blocks)
        sentences += [(path, *sentence) for block in blocks if block.is_doc for sentence in measured(block)]
    long = [sentence for sentence in sentences if sentence[2] > WORDS_AT_MOST]
    if not arguments.summary:
        for path, line, term in sorted(set(hits), key=lambda hit: (hit[0], hit[1], hit[2].text)):
            print(f"{path}:{line}: {term.text} → {term.target}")
        for path, line, words, beginning in long:
            print(f"{path}:{line}: a sentence of {words} words: {beginning} …")
    median = statistics.median(words for _, _, words, _ in sentences) if sentences else 0
    summarise(set(hits), median, len(sentences), len(long))
    sys.exit(1 if hits or long or median > MEDIAN_AT_MOST else 0)


def summarise(hits, median, sentences, long):
    for (term, scope), count in Counter((term.text, term.scope) for _, _, term in hits).most_common():
        print(f"{count:6} {term} ({scope})")
    print(f"{len(hits)} uses of retired terms in {len({path for path, _, _ in hits})} files")
    print(f"doc comments: {sentences} sentences, median {median:g} words (at most {MEDIAN_AT_MOST}), {long} over {WORDS_AT_MOST} words")


def read_terms(glossary):
    """The rows of the tables below the heading. A malformed row ends the program."""
    terms = []
    for line in glossary.partition(HEADING)[2].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        names = re.findall(r"`([^`]+)`", cells[0])
        if not line.startswith("|") or not names:
            continue
        scope, _, within = cells[2].partition(" in ") if len(cells) == 4 else ("", "", "")
        if len(names) != 1 or scope not in SCOPES:
            sys.exit(f"{GLOSSARY}: not a retired term: {line}")
        terms.append(Term(names[0], cells[1], scope, tuple(re.findall(r"`([^`]+)`", within)), tuple(re.findall(r"`([^`]+)`", cells[3]))))
    if not terms:
        sys.exit(f"{GLOSSARY}: no table under {HEADING!r}")
    return terms


class Vocabulary:
    """The retired terms, ready to be looked up. A hit is (path, line, term)."""

    def __init__(self, terms):
        in_code = [term for term in terms if not term.is_path and term.scope != "prose" and " " not in term.text]
        self.paths = [(term, path_pattern(term.text)) for term in terms if term.is_path]
        self.whole = {}
        for term in in_code:
            if is_whole(term.text):
                self.whole.setdefault(term.text, []).append(term)
        self.words = [(term, *word_patterns(term)) for term in in_code if not is_whole(term.text)]
        prose = [term for term in terms if not term.is_path and term.scope != "identifier"]
        self.prose = [(term, prose_pattern(term.text)) for term in prose if not term.text.startswith("^")]
        self.openings = [(term, re.compile(opening(term.text), re.DOTALL)) for term in prose if term.text.startswith("^")]
        self.known = {}

    def in_path(self, path):
        folders = {f"{folder.as_posix()}/" for folder in Path(path).parents}
        found = [term for term, _ in self.paths if term.text == Path(path).name or term.text == path or f"{term.text}/" in folders]
        # A folder is reported once, at its own path.
        return [(term.text if "/" in term.text else path, 1, term) for term in found if term.applies_to(path)]

    def in_names(self, path, names):
        return [(path, line, term) for line, name in names for term in self.of_name(name, path)]

    def in_prose(self, path, blocks):
        hits = []
        for block in blocks:
            for term, pattern in self.prose:
                if term.applies_to(path):
                    hits += [(path, block.line(match.start()), term) for match in pattern.finditer(block.plain)]
            for term, pattern in self.paths:
                if term.applies_to(path):
                    hits += [(path, block.line(match.start()), term) for match in pattern.finditer(block.text)]
            if not block.is_title:
                hits += [(path, block.line(start), term) for start, term in self.opened(path, block)]
            for start, code in block.spans:
                names = [name for name in re.findall(r"[A-Za-z_]\w*(?:\(\))?", code) if names_code(name)]
                hits += [(path, block.line(start), term) for name in names for term in self.of_name(name, path)]
        return hits

    def opened(self, path, block):
        for start, sentence in block.sentences():
            for term, pattern in self.openings:
                if term.applies_to(path) and pattern.match(sentence) and not sentence.rstrip().endswith("?"):
                    yield start, term

    def of_name(self, name, path):
        """The terms in an identifier. A term for the whole identifier goes before those for its words."""
        if name not in self.known:
            words = "_".join(["", *(hump.lower() for part in name.split("_") for hump in HUMPS.findall(part)), ""])
            parts = [term for term, pattern, targets in self.words if pattern in remove(words, targets)]
            self.known[name] = [term for text in {name, name.removesuffix("()")} for term in self.whole.get(text, [])], parts
        whole, parts = ([term for term in terms if term.applies_to(path)] for terms in self.known[name])
        return whole or parts


def is_whole(text):
    return text.endswith("()") or text[0].isupper()


def path_pattern(text):
    return re.compile(rf"(?<![\w-]){re.escape(text)}(?![\w-])")


def word_patterns(term):
    """The words of the term as `_word_word_`, and its replacements that contain them, which are no hits."""
    words = f"_{term.text.lower()}_"
    targets = [f"_{target.lower()}_" for target in re.findall(r"`(\w+)`", term.target)]
    return words, [target for target in targets if words in target and words != target]


def remove(words, targets):
    for target in targets:
        words = words.replace(target, "_")
    return words


def prose_pattern(text):
    words = r"\s+".join(re.escape(word) for word in text.split())
    return re.compile(rf"(?<![\w/.-]){words}(?![\w/-]|\.\w)", re.IGNORECASE)


def opening(text):
    """The pattern for the beginning of a sentence; … matches one to five words."""
    words = r"\s+".join(r"(?:\S+\s+){0,4}\S+" if word == "…" else re.escape(word) for word in text[1:].split())
    return rf"\s*{words}\b"


def names_code(name):
    """Whether a word of a code span names code. A plain lower-case word may be a value or an attribute, and capitals a setting."""
    return (name[0].isupper() and not name.isupper()) or ("_" in name and name.islower()) or name.endswith("()")


def measured(block):
    """The line, length and beginning of each sentence."""
    for start, sentence in block.sentences():
        words = [word for word in re.sub(rf"{CODE}+", "code", sentence).split() if re.search(r"\w", word)]
        if words:
            yield block.line(start), len(words), " ".join(block.text[start : start + 80].split()[:8])


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [path for path in listed if path and not any(fnmatchcase(path, glob) for glob in SKIPPED) and (ROOT / path).is_file()]


def read(path):
    """The identifiers of a file, as (line, name), and its blocks of prose. The name of a called function ends in `()`."""
    try:
        text = (ROOT / path).read_text()
    except UnicodeDecodeError:
        return [], []
    suffix, name = Path(path).suffix, Path(path).name
    if suffix in {".rs", ".ts", ".tsx", ".js", ".jsonc", ".css"}:
        return read_code(text, RUST if suffix == ".rs" else SCRIPT, suffix)
    if suffix == ".py":
        return read_python(text)
    if suffix == ".md":
        lines = text.partition(HEADING)[0].splitlines() if path == GLOSSARY else text.splitlines()
        return [], blocks_of(list(enumerate(lines, 1)))
    if path == "tests/openapi.json":
        described = re.compile(r'^\s*"(?:description|summary)": "(.*)",?$')
        found = [(number, described.match(line)) for number, line in enumerate(text.splitlines(), 1)]
        return [], [block for number, match in found if match for block in blocks_of([(number, match[1].replace("\\n", " "))])]
    if suffix in {".yaml", ".toml", ".sql"} or name in {"Makefile", ".gitignore", ".npmrc", "run"} or name.startswith("requirements"):
        mark = re.compile(r"(?:^|\s)--\s(.*)" if suffix == ".sql" else r"(?:^|\s)#+\s(.*)|^\s*Description: (.*)")
        found = [(number, mark.search(line)) for number, line in enumerate(text.splitlines(), 1)]
        return [], grouped([(number, match[1] or match[2] if mark.groups > 1 else match[1]) for number, match in found if match])
    return [], []


def read_code(text, pattern, suffix):
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    names, comments, docs = [], [], []
    for match in pattern.finditer(text):
        line = bisect.bisect_right(starts, match.start())
        if match["name"] and suffix != ".css":
            names.append((line, match["name"] + "()" * text.startswith("(", match.end())))
        elif match["comment"]:
            is_doc = suffix == ".rs" and re.match(r"//[/!](?!/)", match["comment"])
            bare = COMMENT_MARK.sub("", match["comment"]).splitlines()
            (docs if is_doc else comments).extend((line + n, part.removesuffix("*/")) for n, part in enumerate(bare))
    return names, grouped(comments) + grouped(docs, is_doc=True)


def read_python(text):
    names, prose, previous = [], [], tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            names.append((token.start[0], token.string + "()" * token.line.startswith("(", token.end[1])))
        elif token.type == tokenize.COMMENT:
            prose.append((token.start[0], token.string.lstrip("#! ")))
        elif token.type == tokenize.STRING and previous in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}:
            prose += [(token.start[0] + n, line.strip('"')) for n, line in enumerate(token.string.splitlines())]
        if token.type not in {tokenize.NL, tokenize.COMMENT}:
            previous = token.type
    return names, grouped(prose)


def grouped(lines, is_doc=False):
    """The blocks of comments: each run of consecutive lines is read by itself."""
    blocks, run = [], []
    for number, text in lines:
        if run and number != run[-1][0] + 1:
            blocks += blocks_of(run, is_doc)
            run = []
        run.append((number, text))
    return blocks + blocks_of(run, is_doc)


def blocks_of(lines, is_doc=False):
    """Paragraphs, list items and table cells. Code is left out; headings and table headers count as titles, which are not measured."""
    blocks, paragraph, is_fenced = [], [], False
    for n, (number, text) in enumerate(lines):
        starts_anew = LIST_ITEM.match(text) or text.lstrip().startswith(("|", "#", "```", ">")) or not text.strip()
        if starts_anew and paragraph:
            blocks.append(Block(paragraph, is_doc))
            paragraph = []
        if text.lstrip().startswith("```"):
            is_fenced = not is_fenced
        elif is_fenced or not text.strip() or TABLE_RULE.match(text):
            continue
        elif text.lstrip().startswith("|"):
            is_header = n + 1 < len(lines) and TABLE_RULE.match(lines[n + 1][1])
            cells = re.sub(r"(`[^`]*)\|", r"\1 ", text).strip().strip("|").split("|")
            blocks += [Block([(number, cell)], is_title=bool(is_header)) for cell in cells if cell.strip()]
        elif text.lstrip().startswith("#"):
            blocks.append(Block([(number, text.lstrip("# "))], is_title=True))
        else:
            marker = LIST_ITEM.match(text)
            paragraph.append((number, text[marker.end() :] if marker else text))
    return blocks + ([Block(paragraph, is_doc)] if paragraph else [])


if __name__ == "__main__":
    main()
