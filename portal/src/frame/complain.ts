import { useCallback } from 'react';
import { useWords } from '../words/words';
import { told } from './Failed';
import { notify } from './notify';

/** Says what could not be done, where there is no better place for it. */
export function useComplain(): (error: unknown) => void {
  const words = useWords();
  return useCallback(
    (error: unknown) => {
      const { title, text } = told(error, words);
      void notify({ alert: true, title, message: text, close: words.close });
    },
    [words],
  );
}
