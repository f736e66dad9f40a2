// The last thirty days as a graph and as a table, which screen readers can read.

import type { Schemas } from '../../api/client';
import { dateOf, length } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useLanguage, useWords } from '../../words/words';
import { size } from '../size';
import { areaOf, lineOf, pointsOf, roundUp } from './drawing';

type Days = Schemas['DayUsage'][];
const [WIDTH, HEIGHT] = [720, 180];

export function Trend({ days, allowance }: { days: Days; allowance: number }) {
  const more = useAdministrationWords();
  return (
    <section className="card">
      <h2>{more.usage.title}</h2>
      {days.length ? (
        <>
          <Graph days={days} allowance={allowance} />
          <details>
            <summary>{more.usage.asTable}</summary>
            <Table days={days} />
          </details>
        </>
      ) : (
        <p>{more.usage.noDays}</p>
      )}
    </section>
  );
}

function Graph({ days, allowance }: { days: Days; allowance: number }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const stored = days.map(({ storedBytes }) => storedBytes);
  const top = roundUp(Math.max(...stored, allowance));
  const points = pointsOf(
    days.map(({ day, storedBytes }) => ({ day, value: storedBytes })),
    top,
  );
  const shown = (bytes: number) => size(bytes, words.locale);
  const [first, last] = [days[0]?.day ?? '', days.at(-1)?.day ?? ''];
  const label = more.usage.graph(
    dateOf(first, language),
    dateOf(last, language),
    shown(Math.min(...stored)),
    shown(Math.max(...stored)),
  );
  const limit = HEIGHT * (1 - allowance / top);
  return (
    <figure className="graph">
      <div className="graph-scale quiet digits" aria-hidden="true">
        <span>{shown(top)}</span>
        <span>{shown(top / 2)}</span>
        <span>0</span>
      </div>
      <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none">
        <line className="graph-grid" x1={0} x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        <path className="graph-area" d={areaOf(points, WIDTH, HEIGHT)} />
        <path className="graph-line" d={lineOf(points, WIDTH, HEIGHT)} />
        {points.length === 1 && <circle cx={WIDTH / 2} cy={(points[0]?.y ?? 0) * HEIGHT} r={4} className="graph-dot" />}
        {allowance > 0 && <line className="graph-limit" x1={0} x2={WIDTH} y1={limit} y2={limit} />}
        {points.map(({ x }, index) => (
          <rect
            key={days[index]?.day}
            className="graph-day"
            x={x * WIDTH - WIDTH / 60}
            width={WIDTH / 30}
            height={HEIGHT}
          >
            <title>{`${dateOf(days[index]?.day ?? '', language)}: ${shown(stored[index] ?? 0)}`}</title>
          </rect>
        ))}
      </svg>
      <div className="graph-days quiet" aria-hidden="true">
        <span>{dateOf(first, language)}</span>
        {last !== first && <span>{dateOf(last, language)}</span>}
      </div>
      <figcaption className="graph-legend quiet" aria-hidden="true">
        <span className="graph-key" /> {more.usage.line}
        <span className="graph-key graph-key-limit" /> {more.usage.limit}
      </figcaption>
    </figure>
  );
}

function Table({ days }: { days: Days }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const columns = [more.usage.recordings, more.usage.time, more.usage.added, more.usage.removed, more.usage.line];
  const shown = (bytes: number) => size(bytes, words.locale);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={more.usage.title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{more.usage.day}</th>
            {columns.map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {days.toReversed().map(({ day, recordings, seconds, addedBytes, removedBytes, storedBytes }) => (
            <tr key={day}>
              <th scope="row">{dateOf(day, language)}</th>
              <td className="number">{recordings.toLocaleString(words.locale)}</td>
              <td className="number">{length(seconds * 1000)}</td>
              <td className="number">{shown(addedBytes)}</td>
              <td className="number">{shown(removedBytes)}</td>
              <td className="number">{shown(storedBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
