import { useWords } from '../words/words';
import { useOnline } from './online';

/** Says that the connection is gone. What was asked meanwhile goes on by itself when it is back. */
export function Offline() {
  const words = useWords();
  const online = useOnline();
  return (
    <div role="status" className={online ? undefined : 'band band-warn'}>
      {online ? '' : words.offline}
    </div>
  );
}
