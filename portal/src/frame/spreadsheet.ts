// Tables as .xlsx files, for people. A text stays the text it is: never a formula, a number or a date that the spreadsheet makes of it.

import type { Cell as SheetCell } from 'write-excel-file/universal';
import { ZONE } from '../time';

/** What stands in a cell. An instant shows Stockholm's clock, or UTC's; a length shows hours, minutes and seconds. */
export type Cell = string | number | { at: Date; zone: 'Stockholm' | 'UTC' } | { seconds: number };

const DAY_MS = 86_400_000;

/** The file. What writes it is fetched when somebody wants one. */
export async function spreadsheet(headings: string[], rows: Cell[][]): Promise<Blob> {
  const { default: write } = await import('write-excel-file/universal');
  const names = headings.map((name) => ({ value: name, type: String, format: '@', fontWeight: 'bold' as const }));
  return write([names, ...rows.map((row) => row.map(shown))], { stickyRowsCount: 1 }).toBlob();
}

function shown(cell: Cell): SheetCell {
  if (typeof cell === 'number') return { value: cell, type: Number };
  if (typeof cell === 'string') return cell === '' ? null : { value: withoutControls(cell), type: String, format: '@' };
  if ('seconds' in cell) return { value: (cell.seconds * 1000) / DAY_MS, type: Number, format: '[h]:mm:ss' };
  return { value: cell.zone === 'UTC' ? cell.at : onTheClock(cell.at), type: Date, format: 'yyyy-mm-dd hh:mm:ss' };
}

/** The time whose UTC digits are those of the clock in Stockholm: a cell has a date and no zone. */
function onTheClock(at: Date): Date {
  return new Date(`${at.toLocaleString('sv-SE', { timeZone: ZONE }).replace(' ', 'T')}Z`);
}

/** Without the characters that XML cannot hold (XML 1.0, 2.2). */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '').toWellFormed();
}
