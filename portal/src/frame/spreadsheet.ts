// Writes .xlsx files. A text cell stays text: a spreadsheet never reads a formula or number in it.

import type { Cell as SheetCell } from 'write-excel-file/universal';
import { ZONE } from '../time';

/** A cell. An instant shows the time in Stockholm or UTC; a duration shows h:mm:ss. */
export type Cell = string | number | { at: Date; zone: 'Stockholm' | 'UTC' } | { seconds: number };

const DAY_MS = 86_400_000;

/** The file. The writer's code is fetched when someone exports. */
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

/** The time whose UTC digits equal Stockholm's clock, because a cell has no time zone. */
function onTheClock(at: Date): Date {
  return new Date(`${at.toLocaleString('sv-SE', { timeZone: ZONE }).replace(' ', 'T')}Z`);
}

/** Removes the characters that XML cannot contain (XML 1.0, 2.2). */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '').toWellFormed();
}
