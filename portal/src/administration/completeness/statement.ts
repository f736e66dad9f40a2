// The statement of a day as a file, which the service writes in parts.

import { type Api, answered } from '../../api/client';
import { Problem } from '../../api/problem';

/** All parts of the CSV file, one after the other. */
export async function statementOf(api: Api, day: string): Promise<Blob> {
  const parts: Blob[] = [];
  let cursor: string | undefined;
  do {
    const asked = api.GET('/v1/completeness/{day}/calls', {
      params: { path: { day }, query: { cursor } },
      headers: { accept: 'text/csv' },
      parseAs: 'blob',
    });
    const { response } = await asked;
    if (!response.ok) throw new Problem(response.status, undefined);
    parts.push((await answered(asked)) as unknown as Blob);
    cursor = response.headers.get('next-cursor') ?? undefined;
  } while (cursor);
  return new Blob(parts, { type: 'text/csv;charset=utf-8' });
}
