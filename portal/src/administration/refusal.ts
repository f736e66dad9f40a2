import { errorText } from '../frame/Failed';
import { useAdministrationWords } from '../words/administration/words';
import { useWords } from '../words/words';

/** The failure in one sentence, in the administrator's words for the problem if any. */
export function useRefusal(error: unknown): string | undefined {
  const words = useWords();
  const { problem } = useAdministrationWords();
  if (!error) return undefined;
  const { title, text } = errorText(error, { ...words, problem: { ...words.problem, ...problem } });
  return text ? `${title}: ${text}` : title;
}
