import type { Recording } from '../api/problem';
import { Icon } from '../frame/Icon';
import { WITHHELD, written } from '../phone';
import { useWords } from '../words/words';

/** The counterpart and the direction of the call. */
export function Counterpart({ recording }: { recording: Recording }) {
  const words = useWords();
  const incoming = recording.direction === 'in';
  return (
    <span className="counterpart">
      <span className={incoming ? 'incoming' : 'outgoing'} title={words.direction[incoming ? 'in' : 'out']}>
        <Icon name={incoming ? 'incoming' : 'outgoing'} size={15} />
        <span className="unseen">{words.direction[incoming ? 'in' : 'out']} </span>
      </span>
      {recording.counterpart === WITHHELD ? <em>{words.withheld}</em> : <bdi>{written(recording.counterpart)}</bdi>}
    </span>
  );
}
