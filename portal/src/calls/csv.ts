// Tables as CSV files (RFC 4180, UTF-8) that people open in a spreadsheet: no cell is taken for a formula, as the service's own files are written.

export function csv(rows: string[][]): string {
  return rows.map((row) => `${row.map((cell) => quoted(harmless(cell))).join(',')}\r\n`).join('');
}

/** With an apostrophe before what would be a formula (OWASP, CSV injection). A telephone number stays: `+` and digits compute to nothing. */
function harmless(cell: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(cell) && !/^\+\d+$/.test(cell) ? `'${cell}` : cell;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
