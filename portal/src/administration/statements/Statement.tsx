// One month's statement: the total of each rule, and the lines.

import '../orders.css';
import './statements.css';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { answered, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { useApp } from '../../app';
import { PAGE, whole } from '../../calls/directory';
import { Failed } from '../../frame/Failed';
import { Notice } from '../../frame/Notice';
import { monthInWords } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useLanguage, useWords } from '../../words/words';
import { Fetched } from '../Fetched';
import { kronor } from '../kronor';
import { Refresh } from '../Refresh';
import { Slow } from '../Slow';
import { Lines } from './Lines';
import { type Part, partsOf, sumsOf } from './parts';
import { To } from './Statements';

export function StatementPage() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const { month } = useParams({ from: '/administration/statements/$month' });
  const asked = useQuery({
    queryKey: ['statement', month],
    queryFn: () =>
      whole('lines', (cursor) =>
        answered(api.GET('/v1/statements/{month}', { params: { path: { month }, query: { limit: PAGE, cursor } } })),
      ),
    staleTime: 0,
  });
  const named = /^\d{4}-(0[1-9]|1[0-2])$/.test(month) ? monthInWords(month, language) : month;
  return (
    <>
      <Link to="/administration/statements">← {more.statements.all}</Link>
      <div className="page-head">
        <h1 className="month">
          <bdi>{named}</bdi>
          {asked.data?.preview && <span className="tag">{more.statements.preview}</span>}
        </h1>
        {asked.data?.preview && <Refresh lists={['statement']} />}
      </div>
      <Fetched lists={['statement']} />
      {asked.isPending && <Slow />}
      {asked.isError && (isUnbilled(asked.error) ? <Unbilled /> : <Failed error={asked.error} again={asked.refetch} />)}
      {asked.data && <Shown key={month} statement={asked.data} />}
    </>
  );
}

function isUnbilled(error: Error): boolean {
  return error instanceof Problem && error.kind === 'not-found';
}

function Unbilled() {
  const more = useAdministrationWords();
  return <Notice title={more.statements.notBilled}>{more.statements.notBilledText}</Notice>;
}

function Shown({ statement }: { statement: Schemas['Statement'] }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { preview, total, lines, rules } = statement;
  const parts = useMemo(() => partsOf(lines), [lines]);
  return (
    <>
      <section className="card">
        <h2>{more.statements.total}</h2>
        <p className="big digits">{kronor(total, words.locale)}</p>
        {preview && <p className="warn">{more.statements.previewText}</p>}
        {parts.length ? <Sums parts={parts} /> : <p>{more.statements.nothing}</p>}
        <p className="quiet">{more.statements.rules(rules)}</p>
      </section>
      {parts.map((part) => (
        <PartCard key={part.corrects ?? ''} part={part} />
      ))}
    </>
  );
}

/** The month by rule, and the corrections of each earlier month. */
function Sums({ parts }: { parts: Part[] }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const named: Record<string, string> = more.rule;
  const ofMonth = parts.filter(({ corrects }) => !corrects).flatMap(({ lines }) => sumsOf(lines));
  const sums = [
    ...ofMonth.map(({ rule, quantity, ore }) => ({ name: named[rule] ?? rule, quantity, ore })),
    ...parts.flatMap(({ corrects, ore }) =>
      corrects
        ? [{ name: `${more.statements.corrects} ${monthInWords(corrects, language)}`, quantity: undefined, ore }]
        : [],
    ),
  ];
  return (
    <dl className="facts">
      {sums.map(({ name, quantity, ore }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="sum digits">
            <span>{quantity?.toLocaleString(words.locale)}</span>
            <span>{kronor(ore / 100, words.locale)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function PartCard({ part: { corrects, lines, ore } }: { part: Part }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const label = corrects ? `${more.statements.corrects} ${monthInWords(corrects, language)}` : more.statements.ofMonth;
  return (
    <section className="card">
      <div className="card-head">
        <h2>
          {corrects ? (
            <>
              {more.statements.corrects} <To month={corrects} />
            </>
          ) : (
            more.statements.ofMonth
          )}
        </h2>
        <strong className="digits">{kronor(ore / 100, words.locale)}</strong>
      </div>
      {corrects && <p className="quiet">{more.statements.correctsText}</p>}
      <Lines lines={lines} label={label} />
    </section>
  );
}
