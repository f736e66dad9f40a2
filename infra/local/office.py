"""Opens finance's CSV files in LibreOffice, and checks columns, numbers and that no cell is a formula.

office.py FILE.csv …

The separator decides the language: Swedish for semicolons, English for commas.
"""

import csv
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
NUMBERS = ["quantity", "price", "amount"]
LANGUAGES = {";": "1053", ",": "1033"}  # Swedish, English (US), as Windows numbers them
REPEATED_AT_MOST = 100


def main(paths):
    defects = [f"{path.name}: {defect}" for path in paths for defect in defects_of(path)]
    print("\n".join(defects) or f"{len(paths)} files have the right columns, numbers are numbers, and no cell is a formula")
    return 1 if defects else 0


def defects_of(path):
    text = path.read_text("utf-8-sig")
    separator = next(letter for letter in text if letter in LANGUAGES)
    expected = list(csv.reader(text.splitlines(), delimiter=separator))
    opened = open_in_office(path, separator)
    if [len(row) for row in opened] != [len(row) for row in expected]:
        yield f"{len(opened)} rows, the widest of {max(map(len, opened), default=0)} cells, not {len(expected)} of {len(expected[0])}"
        return
    header = expected[0]
    for number, (row, wanted) in enumerate(zip(opened, expected, strict=True), 1):
        for name, (kind, value, formula), cell in zip(header, row, wanted, strict=True):
            if formula:
                yield f"row {number}, {name} is a formula: {formula}"
            if number > 1 and cell and (kind == "float") != (name in NUMBERS):
                yield f"row {number}, {name} is a {kind}: {cell}"
            elif number > 1 and cell and name in NUMBERS and float(value) != float(cell.replace(",", ".")):
                yield f"row {number}, {name} is {value}, not {cell}"


def open_in_office(path, separator):
    """The rows in LibreOffice: the kind, value and formula of each cell."""
    with tempfile.TemporaryDirectory() as folder:
        # Separator, quote, UTF-8, first row, no formats, language, quoted is text: no, special numbers: no.
        options = f"CSV:{ord(separator)},34,76,1,,{LANGUAGES[separator]},false,false"
        command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", f"--infilter={options}"]
        command += ["--convert-to", "ods", "--outdir", folder, str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        with zipfile.ZipFile(Path(folder) / f"{path.stem}.ods") as archive:
            content = ElementTree.fromstring(archive.read("content.xml"))  # noqa: S314 - the file is our own
    rows = [
        cells_of(row) for row in content.iter(f"{TABLE}table-row") if int(row.get(f"{TABLE}number-rows-repeated", 1)) < REPEATED_AT_MOST
    ]
    width = max((len(row) for row in rows), default=0)
    return [row + [("", "", None)] * (width - len(row)) for row in rows if row]


def cells_of(row):
    cells = []
    for cell in row.iter(f"{TABLE}table-cell"):
        repeated = int(cell.get(f"{TABLE}number-columns-repeated", 1))
        if repeated < REPEATED_AT_MOST:
            found = (cell.get(f"{OFFICE}value-type", ""), cell.get(f"{OFFICE}value"), cell.get(f"{TABLE}formula"))
            cells += [found] * repeated
    return cells


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
