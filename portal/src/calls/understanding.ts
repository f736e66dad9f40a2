// Interprets the search box: a day, a number's digits, a name, a mark, a length or words. Offers
// every interpretation, likeliest first; any other text is words of the note. It is fetched after the page.

import { dayOf, inUnits, isDay } from '../time';
import type { Words } from '../words/words';
import type { Filters, Period } from './filters';

export type Names = {
  users: { id: string; name: string; phone?: string | null }[];
  marks: { mark: string; label: string }[];
  now: Date;
};

export type Suggestion = { kind: keyof Words['suggestion']; text: string; filters: Filters };

const MOST = 8;

export function understand(typed: string, known: Names, words: Words): Suggestion[] {
  const text = typed.trim();
  if (!text) return [];
  const quoted = /^["”“](.+?)["”“]?$/.exec(text);
  if (quoted?.[1]) return [note(quoted[1])];
  const low = text.toLocaleLowerCase();
  const found = [
    ...periods(low, words),
    ...days(low, known.now),
    ...lengths(low),
    ...directions(low, words),
    ...marks(low, known, words),
    ...users(low, known),
    ...numbers(text, words),
    ...states(low, words),
  ];
  return [...found, note(text)].slice(0, MOST);
}

function note(text: string): Suggestion {
  return { kind: 'note', text, filters: { note: text } };
}

function periods(low: string, words: Words): Suggestion[] {
  return Object.entries(words.period)
    .filter(([, name]) => squeezed(name).startsWith(squeezed(low)))
    .map(([period, name]) => ({
      kind: 'time',
      text: name,
      filters: { period: period as Period, from: undefined, to: undefined },
    }));
}

/** 2026-11-24, 24/11, 24.11. A day without a year is the latest past one. */
function days(low: string, now: Date): Suggestion[] {
  const day = isDay(low) ? low : shortDay(low, dayOf(now));
  return day ? [{ kind: 'time', text: day, filters: { from: day, to: day, period: undefined } }] : [];
}

function shortDay(low: string, today: string): string | undefined {
  const [, date = '', month = ''] = /^(\d{1,2})[/.](\d{1,2})$/.exec(low) ?? [];
  if (!date) return undefined;
  const tail = `${month.padStart(2, '0')}-${date.padStart(2, '0')}`;
  const year = Number(today.slice(0, 4)) - (tail > today.slice(5) ? 1 : 0);
  return isDay(`${year}-${tail}`) ? `${year}-${tail}` : undefined;
}

/** >10 min, <30 s, > 1 h. A number without a unit is in minutes. */
function lengths(low: string): Suggestion[] {
  const [, sign, amount, unit] = /^([<>])\s*(\d{1,4})\s*(s|sek|sec|m|min|h|tim)?\.?$/.exec(low) ?? [];
  if (!sign) return [];
  const seconds = Number(amount) * (unit?.startsWith('s') ? 1 : unit === 'h' || unit === 'tim' ? 3600 : 60);
  const name = sign === '>' ? 'min' : 'max';
  return [{ kind: 'length', text: `${sign === '>' ? '≥' : '≤'} ${inUnits(seconds)}`, filters: { [name]: seconds } }];
}

function directions(low: string, words: Words): Suggestion[] {
  return (['in', 'out'] as const)
    .filter((direction) => low.length > 1 && words.direction[direction].toLocaleLowerCase().startsWith(low))
    .map((direction) => ({ kind: 'direction', text: words.direction[direction], filters: { direction } }));
}

function states(low: string, words: Words): Suggestion[] {
  return (['expected', 'rejected'] as const)
    .filter((state) => low.length > 2 && words.state[state].toLocaleLowerCase().startsWith(low))
    .map((state) => ({ kind: 'state', text: words.state[state], filters: { state } }));
}

function marks(low: string, { marks }: Names, words: Words): Suggestion[] {
  const found = marks.filter(({ label }) => startsAWord(label, low)).slice(0, 3);
  const none = low.length > 3 && words.marking.none.toLocaleLowerCase().startsWith(low);
  return [
    ...found.map(({ mark, label }): Suggestion => ({ kind: 'mark', text: label, filters: { mark } })),
    ...(none ? [{ kind: 'mark' as const, text: words.marking.none, filters: { mark: 'none' } }] : []),
  ];
}

function users(low: string, { users }: Names): Suggestion[] {
  const found = users.filter(({ name, id }) => startsAWord(name, low) || id.startsWith(low)).slice(0, 4);
  return found.map(({ id, name }) => ({ kind: 'user', text: name, filters: { user: id, name: undefined } }));
}

/** Three digits or more, with any separators. */
function numbers(text: string, words: Words): Suggestion[] {
  if (text.length > 3 && words.withheld.toLocaleLowerCase().startsWith(text.toLocaleLowerCase())) {
    return [{ kind: 'counterpart', text: words.withheld, filters: { counterpart: 'withheld', number: undefined } }];
  }
  const digits = text.replace(/\D/g, '');
  if (!/^[+\d][\d\s()/.-]*$/.test(text) || digits.length < 3 || digits.length > 15) return [];
  return [{ kind: 'counterpart', text, filters: { number: text, counterpart: undefined } }];
}

function startsAWord(text: string, low: string): boolean {
  const lower = text.toLocaleLowerCase();
  return lower.startsWith(low) || lower.includes(` ${low}`);
}

function squeezed(text: string): string {
  return text.toLocaleLowerCase().replace(/\s/g, '');
}
