import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { factsOf } from './facts';

/** The texts that the service writes, as they stand in its source, with what it puts into them. */
function written(values: Record<string, string>): string[] {
  const source = readFileSync(new URL('../../../../shared/domain/src/billing/lines.rs', import.meta.url), 'utf8');
  const shown = source.slice(source.indexOf('impl fmt::Display for Facts'));
  const texts = [...shown.matchAll(/write!\(f, "([^"]+)"/g)].map(([, text = '']) => text);
  return texts.map((text) => text.replace(/\{(\w*)\}/g, (_, name) => values[name] ?? ''));
}

it('everything that the service writes of a line is understood', () => {
  const values = { days: '27', first: '2026-10-05', last: '2026-10-31', mean: '-5', users: '3', allowance: '90' };
  const [activated = '', ...others] = written(values);
  expect(factsOf({ facts: activated, activatedAt: '2026-10-05T10:00:00Z' })).toEqual({
    kind: 'activated',
    at: '2026-10-05T10:00:00Z',
  });
  expect(others.map((facts) => factsOf({ facts }))).toEqual([
    { kind: 'active', days: 27, first: '2026-10-05', last: '2026-10-31' },
    { kind: 'stored', days: 27, mean: -5, users: 3, allowance: 90 },
    { kind: 'had', first: '2026-10-05' },
  ]);
});

it('what is new is shown as the service tells it', () => {
  expect(factsOf({ facts: 'two seats in the tribune' })).toEqual({ kind: 'told', text: 'two seats in the tribune' });
});
