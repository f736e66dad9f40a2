// The billed months and the current one.

import '../orders.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { PAGE, whole } from '../../calls/directory';
import { Failed } from '../../frame/Failed';
import { monthInWords } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useLanguage, useWords } from '../../words/words';
import { Fetched } from '../Fetched';
import { kronor } from '../kronor';
import { Refresh } from '../Refresh';
import { Slow } from '../Slow';
import { BilledNotRecorded } from './BilledNotRecorded';

export function Statements() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const asked = useQuery({
    queryKey: ['statements'],
    queryFn: () =>
      whole('statements', (cursor) =>
        answered(api.GET('/v1/statements', { params: { query: { limit: PAGE, cursor } } })),
      ),
    staleTime: 0,
  });
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.statements}</h1>
        <Refresh lists={['statements']} />
      </div>
      <Fetched lists={['statements']} />
      <p className="quiet">{more.statements.text}</p>
      {asked.isPending && <Slow />}
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && <Months {...asked.data} />}
    </>
  );
}

function Months({ running, preview, billedNotRecorded, statements }: Schemas['Statements']) {
  const words = useWords();
  const more = useAdministrationWords();
  return (
    <>
      {billedNotRecorded.length > 0 && <BilledNotRecorded users={billedNotRecorded} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key */}
      <div className="sideways" tabIndex={0} role="region" aria-label={more.administration.statements}>
        <table className="table table-few">
          <thead>
            <tr>
              <th scope="col">{more.statements.month}</th>
              <th scope="col" className="number">
                {more.statements.lines}
              </th>
              <th scope="col" className="number">
                {more.statements.total}
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">
                <To month={running} />
                <span className="tag">{more.statements.preview}</span>
              </th>
              <td className="number">{preview.lines.toLocaleString(words.locale)}</td>
              <td className="number">{kronor(preview.total, words.locale)}</td>
            </tr>
            {statements.map(({ month, lines, total }) => (
              <tr key={month}>
                <th scope="row">
                  <To month={month} />
                </th>
                <td className="number">{lines.toLocaleString(words.locale)}</td>
                <td className="number">{kronor(total, words.locale)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="quiet">{more.statements.previewText}</p>
      {!statements.length && <p className="quiet">{more.statements.none}</p>}
    </>
  );
}

export function To({ month }: { month: string }) {
  const { language } = useLanguage();
  return (
    <Link to="/administration/statements/$month" params={{ month }} preload="render">
      {monthInWords(month, language)}
    </Link>
  );
}
