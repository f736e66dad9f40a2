import type { Schemas } from '../../api/client';
import { dateOf, length, shifted } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useLanguage, useWords } from '../../words/words';
import { size } from '../size';
import { forecastOf, levelOf, percentOf } from './filling';

/** The used part of the allowance, today's change and the forecast. */
export function Filled({ usage }: { usage: Schemas['Usage'] }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { storedBytes, allowanceBytes, recordings, seconds, addedBytes, removedBytes } = usage;
  const level = levelOf(storedBytes, allowanceBytes);
  const shown = (bytes: number) => size(bytes, words.locale);
  const today = [
    [more.usage.recordings, recordings.toLocaleString(words.locale)],
    [more.usage.time, length(seconds * 1000)],
    [more.usage.added, shown(addedBytes)],
    [more.usage.removed, shown(removedBytes)],
  ] as const;
  return (
    <div className="two filled">
      <section className="card">
        <div className="card-head">
          <h2>{more.usage.filled}</h2>
          <span className="standing-tag" data-level={level}>
            <span aria-hidden="true">{level === 'full' ? '●' : level === 'nearly' ? '◐' : '○'}</span>{' '}
            {more.level[level]}
          </span>
        </div>
        <p className="big digits">{more.usage.stored(shown(storedBytes), shown(allowanceBytes))}</p>
        <Meter stored={storedBytes} allowance={allowanceBytes} />
        <p className="quiet">{more.usage.included}</p>
        {level === 'full' && <p className="warn">{more.usage.over}</p>}
        <Forecast usage={usage} />
      </section>
      <section className="card">
        <h2>
          {more.usage.today} <span className="count">{dateOf(usage.today, useLanguage().language)}</span>
        </h2>
        <dl className="facts">
          {today.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="digits">{value}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}

function Meter({ stored, allowance }: { stored: number; allowance: number }) {
  const more = useAdministrationWords();
  const percent = percentOf(stored, allowance);
  if (percent === undefined) return <p className="warn">{more.usage.nothingIncluded}</p>;
  const level = levelOf(stored, allowance);
  return (
    <>
      <div
        className="meter"
        data-level={level}
        role="meter"
        aria-label={more.usage.filled}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(percent, 100)}
        aria-valuetext={more.usage.used(percent)}
      >
        <svg aria-hidden="true" viewBox="0 0 100 1" preserveAspectRatio="none">
          <rect width={Math.min(percent, 100)} height={1} />
        </svg>
      </div>
      <p className={level === 'below' ? undefined : 'warn'}>{more.usage.used(percent)}</p>
    </>
  );
}

function Forecast({ usage }: { usage: Schemas['Usage'] }) {
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const forecast = forecastOf(usage.daysUntilFull, usage.trend.length);
  const { forecast: texts } = more;
  return (
    <p>
      <strong>{texts.title}</strong>{' '}
      {typeof forecast === 'string'
        ? texts[forecast]
        : texts.days(forecast.days, dateOf(shifted(usage.today, Math.min(forecast.days, FAR)), language))}
    </p>
  );
}

/** Days ahead that the forecast names at most; a thousand years is as good as never. */
const FAR = 365_000;
