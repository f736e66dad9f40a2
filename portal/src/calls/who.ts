import { useWords } from '../words/words';
import { useDirectory } from './directory';

/**
 * Whoever did something, by name: `user:anna` is Anna Berg, an application and the operator say what they are. `name` is what the service
 * calls them, where it was asked; without one, a user whom nobody here knows is no longer there.
 */
export function useWho(): (who: string, name?: string | null) => string {
  const { nameOf } = useDirectory();
  const words = useWords();
  return (who, name) => {
    const [kind = '', ...rest] = who.split(':');
    const id = rest.join(':');
    if (kind === 'client') return `${words.who.client} ${id}`;
    if (kind !== 'user') return words.who.operator;
    const known = name ?? nameOf(id);
    return name === null && known === id ? words.who.gone(id) : known;
  };
}
