import { useWords } from '../words/words';
import { useOnline } from './online';

/** Says that the connection is lost. Waiting requests continue when it returns. */
export function Offline() {
  const words = useWords();
  const online = useOnline();
  return (
    <div role="status" className={online ? undefined : 'band band-warn'}>
      {online ? '' : words.offline}
    </div>
  );
}
