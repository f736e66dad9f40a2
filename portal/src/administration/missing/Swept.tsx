import type { Schemas } from '../../api/client';
import { When } from '../../calls/When';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { overdue } from './looking';

/** When it was last looked, and at what. */
export function Swept({ swept }: { swept: Schemas['Sweep'] | undefined }) {
  const more = useAdministrationWords();
  return (
    <section className="card">
      <h2>{more.missing.sweep}</h2>
      {swept ? <Looked swept={swept} /> : <p>{more.missing.never}</p>}
    </section>
  );
}

function Looked({ swept: { at, recordings, older, objects, words: looked, ofWords } }: { swept: Schemas['Sweep'] }) {
  const words = useWords();
  const { missing } = useAdministrationWords();
  const facts = [
    [missing.at, <When key="at" at={at} />],
    [missing.recordings, recordings.toLocaleString(words.locale)],
    [missing.older, older.toLocaleString(words.locale)],
    [missing.objects, objects.toLocaleString(words.locale)],
    [missing.words, looked < ofWords ? missing.someWords(looked, ofWords) : missing.allWords(ofWords)],
  ] as const;
  return (
    <>
      {overdue(at, new Date()) && <p className="warn">{missing.late}</p>}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
