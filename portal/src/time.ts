// Times in Stockholm. The service stores UTC; a day here is Stockholm's, of 23 to 25 hours.

import { TZDate } from '@date-fns/tz';
import type { Language } from './words/words';

export const ZONE = 'Europe/Stockholm';

const LOCALE: Record<Language, string> = { sv: 'sv-SE', en: 'en-GB' };
const formats = new Map<string, Intl.DateTimeFormat>();

/** Creating a format is expensive, and a table uses the same one thousands of times. */
function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  const made = formats.get(key) ?? new Intl.DateTimeFormat(LOCALE[language], { timeZone: ZONE, ...options });
  formats.set(key, made);
  return made;
}

/** The calendar day, as yyyy-mm-dd. */
export function dayOf(at: Date): string {
  return format('sv', { year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);
}

/** The instant at which a calendar day begins. */
export function startOf(day: string): Date {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(new TZDate(year, month - 1, date, 0, 0, 0, ZONE).getTime());
}

/** The calendar day `days` later, or earlier. */
export function shifted(day: string, days: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
}

/** The Monday of the day's week. */
export function mondayOf(day: string): string {
  return shifted(day, -((new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7));
}

/** Whether the text is a calendar day, as yyyy-mm-dd. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && shifted(text, 0) === text;
}

export const clock = (at: Date, language: Language) =>
  format(language, { hour: '2-digit', minute: '2-digit' }).format(at);

/** The day in words: today, yesterday, a weekday of the last week, or the date. */
export function dayInWords(at: Date, now: Date, language: Language, today: string, yesterday: string): string {
  const [day, current] = [dayOf(at), dayOf(now)];
  if (day === current) return today;
  if (day === shifted(current, -1)) return yesterday;
  const recent = day > shifted(current, -7) && day < current;
  const year = day.slice(0, 4) === current.slice(0, 4) ? undefined : ('numeric' as const);
  return format(language, { weekday: recent ? 'short' : undefined, day: 'numeric', month: 'short', year }).format(at);
}

/** The date and time to the second, wherever a time must be exact. */
export function exactly(at: Date, language: Language): string {
  return format(language, { dateStyle: 'long', timeStyle: 'medium' }).format(at);
}

export function dateAndClock(at: Date, language: Language): string {
  return format(language, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** A calendar day, yyyy-mm-dd, as a date. */
export function dateOf(day: string, language: Language): string {
  return format(language, { day: 'numeric', month: 'long', year: 'numeric' }).format(startOf(day));
}

/** november 2026, from yyyy-mm. */
export function monthInWords(month: string, language: Language): string {
  return format(language, { month: 'long', year: 'numeric' }).format(startOf(`${month}-01`));
}

/** The length of a recording; with a sign if it is not exactly the audio's. */
export function lengthOf(recording: { durationMs: number; measured: string }): string {
  return `${recording.measured === 'exact' ? '' : '≈ '}${length(recording.durationMs)}`;
}

/** 0:48, 3:12, 1:02:05. */
export function length(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(rest).padStart(2, '0')}`;
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** 600 → 10 min, 45 → 45 s. */
export function inUnits(seconds: number): string {
  if (seconds && seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
