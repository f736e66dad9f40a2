import type { Schemas } from '../../api/client';
import { When } from '../../calls/When';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { overdue } from './looking';

/** The time and the extent of the last nightly comparison. */
export function LastRun({ reconciled }: { reconciled: Schemas['Reconciliation'] | undefined }) {
  const more = useAdministrationWords();
  return (
    <section className="card">
      <h2>{more.missing.lastRun}</h2>
      {reconciled ? <Looked reconciled={reconciled} /> : <p>{more.missing.never}</p>}
    </section>
  );
}

function Looked({
  reconciled: { at, recordings, older, objects, words: looked, ofWords },
}: {
  reconciled: Schemas['Reconciliation'];
}) {
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
