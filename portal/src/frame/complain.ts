import { useCallback } from 'react';
import { useWords } from '../words/words';
import { errorText } from './Failed';
import { notify } from './notify';

/** Notifies the user of a failure that has no place of its own on the page. */
export function useComplain(): (error: unknown) => void {
  const words = useWords();
  return useCallback(
    (error: unknown) => {
      const { title, text } = errorText(error, words);
      void notify({ alert: true, title, message: text, close: words.close });
    },
    [words],
  );
}
