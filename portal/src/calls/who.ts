import { useWords } from '../words/words';
import { useDirectory } from './directory';

/**
 * The name of an actor: `user:anna` is Anna Berg; clients and the operator have words.
 * `name` is the service's own name for the actor. If it is null, an unknown user no longer exists.
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
