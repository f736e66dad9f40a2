import type { Schemas } from '../api/client';
import { When } from '../calls/When';
import { useWho } from '../calls/who';
import { useWords } from '../words/words';

/** The activations of a user, latest first. */
export function Activations({ activations }: { activations: Schemas['Activation'][] }) {
  const words = useWords();
  const who = useWho();
  if (!activations.length) return <p className="quiet">{words.me.noActivations}</p>;
  return (
    <ol className="history">
      {activations.toReversed().map(({ at, by, byName, kind, version, client }) => (
        <li key={at + kind}>
          <p className="history-head">
            <strong>{words.activation[kind]}</strong> {words.me.by} <bdi>{who(by, byName ?? null)}</bdi>,{' '}
            <When at={at} />
          </p>
          {version && (
            <p className="history-reason">
              {words.me.version} {version}, <bdi>{client}</bdi>
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}
