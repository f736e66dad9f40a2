import type { Recording } from '../api/problem';
import { Icon } from '../frame/Icon';
import { nobody } from '../phone';
import { useWritten } from '../session/me';
import { useWords } from '../words/words';
import { useDirectory } from './directory';

/** The counterpart and the direction of the call. */
export function Counterpart({ recording }: { recording: Recording }) {
  const words = useWords();
  const incoming = recording.direction === 'in';
  const without = nobody(recording.counterpart, words);
  return (
    <span className="counterpart">
      <span className={incoming ? 'incoming' : 'outgoing'} title={words.direction[incoming ? 'in' : 'out']}>
        <Icon name={incoming ? 'incoming' : 'outgoing'} size={15} />
        <span className="unseen">{words.direction[incoming ? 'in' : 'out']} </span>
      </span>
      {without ? <em>{without}</em> : <Party counterpart={recording.counterpart} />}
    </span>
  );
}

/** A number, or the colleague with this extension. */
function Party({ counterpart }: { counterpart: string }) {
  const written = useWritten();
  const colleague = useDirectory().colleagueAt(counterpart);
  return (
    <>
      {colleague && (
        <>
          <bdi>{colleague.name}</bdi>{' '}
        </>
      )}
      <bdi>{written(counterpart)}</bdi>
    </>
  );
}
