import { told } from '../frame/Failed';
import { useAdministrationWords } from '../words/administration/words';
import { useWords } from '../words/words';

/** What was refused, in one sentence: by the administration's own words where it has some for the cause. */
export function useRefusal(error: unknown): string | undefined {
  const words = useWords();
  const { problem } = useAdministrationWords();
  if (!error) return undefined;
  const { title, text } = told(error, { ...words, problem: { ...words.problem, ...problem } });
  return text ? `${title}: ${text}` : title;
}
