import type { Recording } from '../api/problem';
import { Icon } from '../frame/Icon';
import { nobody, written } from '../phone';
import { useWords } from '../words/words';

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
      {without ? <em>{without}</em> : <bdi>{written(recording.counterpart)}</bdi>}
    </span>
  );
}
