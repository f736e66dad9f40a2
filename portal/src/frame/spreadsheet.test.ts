import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { spreadsheet } from './spreadsheet';

/** The XML of the file's only sheet, with its shared strings inserted. */
async function sheet(file: Promise<Blob>): Promise<{ type: string | null; text: string }[]> {
  const parts = unzipSync(new Uint8Array(await (await file).arrayBuffer()));
  const xml = (name: string) => new TextDecoder().decode(parts[name]);
  const plain = (text: string) =>
    text.replace(
      /&(lt|gt|quot|apos|amp);/g,
      (_, name: 'lt') => ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' })[name],
    );
  const shared = [...xml('xl/sharedStrings.xml').matchAll(/<si><t[^>]*>([\s\S]*?)<\/t><\/si>/g)].map((found) =>
    plain(found[1] ?? ''),
  );
  expect(xml('xl/worksheets/sheet1.xml')).not.toContain('<f>');
  return [...xml('xl/worksheets/sheet1.xml').matchAll(/<c ([^>]*)><v>([^<]*)<\/v><\/c>/g)].map(
    ([, attributes = '', value = '']) => {
      const type = /t="(\w+)"/.exec(attributes)?.[1] ?? null;
      return { type, text: type === 's' ? (shared[Number(value)] ?? '') : value };
    },
  );
}

it.each([
  'ring;=1+1;',
  'a;@SUM(1)',
  '=1+1',
  '@SUM(1)',
  '-123',
  '- ringde tillbaka',
  '+46701234567',
  '0012',
  '1E5',
  '12345678901234567',
  '2026-11',
  '10:30',
  'åäö',
  '<b>&"',
  'two\nlines',
])('%s is text, and as it is', async (text) => {
  const cells = await sheet(spreadsheet(['a'], [[text]]));
  expect(cells.at(-1)).toEqual({ type: 's', text });
});

it('distinguishes the repeated hour, and shows a length in hours, minutes and seconds', async () => {
  const [first, second] = [new Date('2026-10-25T00:30:00Z'), new Date('2026-10-25T01:30:00Z')];
  const row = (at: Date) => [{ at, zone: 'Stockholm' as const }, { at, zone: 'UTC' as const }, { seconds: 281 }, 281];
  const cells = (await sheet(spreadsheet(['a', 'b', 'c', 'd'], [row(first), row(second)]))).slice(4);
  expect(cells.map((cell) => cell.type)).toEqual(
    Array(8)
      .fill(null)
      .map((_, place) => cells[place]?.type),
  );
  expect(cells[0]?.text).toBe(cells[4]?.text);
  expect(Number(cells[5]?.text) - Number(cells[1]?.text)).toBeCloseTo(1 / 24, 9);
  expect(Number(cells[2]?.text)).toBeCloseTo(281 / 86_400, 12);
  expect(cells[3]?.text).toBe('281');
});
