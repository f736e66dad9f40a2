import { useWords } from '../words/words';
import { useDirectory } from './directory';

/** Whoever did something, by name: `user:anna` is Anna Berg, an application and the operator say what they are. */
export function useWho(): (who: string) => string {
  const { nameOf } = useDirectory();
  const words = useWords();
  return (who) => {
    const [kind = '', ...rest] = who.split(':');
    const id = rest.join(':');
    if (kind === 'user') return nameOf(id);
    return kind === 'client' ? `${words.who.client} ${id}` : words.who.operator;
  };
}
