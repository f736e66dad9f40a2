import { onlineManager } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { useWords } from '../words/words';

const subscribe = (listener: () => void) => onlineManager.subscribe(listener);

/** Says that the connection is gone. What was asked meanwhile goes on by itself when it is back. */
export function Offline() {
  const words = useWords();
  const online = useSyncExternalStore(subscribe, () => onlineManager.isOnline());
  return (
    <div role="status" className={online ? undefined : 'band band-warn'}>
      {online ? '' : words.offline}
    </div>
  );
}
