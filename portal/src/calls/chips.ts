// The filters in words, one chip for each, in reading order.

import { dayInWords, inUnits, isDay, startOf } from '../time';
import type { Language, Words } from '../words/words';
import type { FilterName, Filters } from './filters';

export type Chip = { names: FilterName[]; text: string };

type Naming = { user(id: string): string; mark(mark: string): string };

export function chips(filters: Filters, naming: Naming, words: Words, language: Language, now: Date): Chip[] {
  const chips: Chip[] = [];
  const add = (text: string | undefined | false, ...names: FilterName[]) => text && chips.push({ text, names });
  add(filters.period && words.period[filters.period], 'period');
  add(!filters.period && span(filters, words, language, now), 'from', 'to');
  add(filters.min !== undefined && `≥ ${inUnits(filters.min)}`, 'min');
  add(filters.max !== undefined && `≤ ${inUnits(filters.max)}`, 'max');
  add(filters.user && naming.user(filters.user), 'user');
  add(filters.name && `${words.column.user}: ${filters.name}`, 'name');
  add(filters.direction && words.direction[filters.direction], 'direction');
  add(
    filters.counterpart && (filters.counterpart === 'withheld' ? words.withheld : filters.counterpart),
    'counterpart',
  );
  add(filters.number && `☎ ${filters.number}`, 'number');
  add(filters.conversation && `${words.leg.conversation}: ${filters.conversation}`, 'conversation');
  add(filters.participant && `${words.leg.participant}: ${filters.participant}`, 'participant');
  add(filters.mark && (filters.mark === 'none' ? words.marking.none : naming.mark(filters.mark)), 'mark');
  add(filters.note && `”${filters.note}”`, 'note');
  for (const name of ['fields', 'field1', 'field2', 'field3'] as const) {
    add(filters[name] && `${words.field[name]}: ${filters[name]}`, name);
  }
  add(filters.state && words.state[filters.state], 'state');
  add(filters.held && words.held[filters.held], 'held');
  add(filters.order && words.oldestFirst, 'order');
  return chips;
}

function span({ from, to }: Filters, words: Words, language: Language, now: Date): string | undefined {
  if (!from && !to) return undefined;
  const inWords = (moment: string) => spoken(moment, words, language, now);
  if (from && to) return from === to && isDay(from) ? inWords(from) : `${inWords(from)} – ${inWords(to)}`;
  return from ? `${words.since} ${inWords(from)}` : `${words.until} ${inWords(to ?? '')}`;
}

function spoken(moment: string, words: Words, language: Language, now: Date): string {
  const [day = '', time] = moment.split('T');
  const at = startOf(day);
  const inWords = dayInWords(at, now, language, words.today, words.yesterday);
  return time ? `${inWords} ${time}` : inWords;
}
