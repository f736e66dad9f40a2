// The page's language, Swedish or English. Each language has one catalogue of the same shape.

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { prefer, preferences } from '../preferences';
import { sv } from './sv';

export type Language = 'sv' | 'en';
export type Words = typeof sv;

/** The catalogue of the language. English is fetched when someone chooses it. */
export async function wordsOf(language: Language): Promise<Words> {
  return language === 'en' ? (await import('./en')).en : sv;
}

type Spoken = { words: Words; language: Language };
type Context = Spoken & { speak(language: Language): void };
const WordsContext = createContext<Context>({ words: sv, language: 'sv', speak: () => {} });

export function WordsProvider({ first, children }: { first?: Spoken; children: ReactNode }) {
  const [spoken, setSpoken] = useState<Spoken>(first ?? { words: sv, language: 'sv' });
  useEffect(() => {
    document.documentElement.lang = spoken.language;
  }, [spoken]);
  const context = useMemo(
    () => ({
      ...spoken,
      speak: (language: Language) => void wordsOf(language).then((words) => setSpoken({ words, language })),
    }),
    [spoken],
  );
  return <WordsContext value={context}>{children}</WordsContext>;
}

export function useWords(): Words {
  return useContext(WordsContext).words;
}

/** The language, and a setter. The choice is stored for the next visit. */
export function useLanguage(): { language: Language; choose(language: Language): void } {
  const { language, speak } = useContext(WordsContext);
  return {
    language,
    choose: (chosen) => {
      prefer({ language: chosen });
      speak(chosen);
    },
  };
}

/** Uses the language of the user's account until the user chooses one here. */
export function useOwnLanguage(own: string | undefined) {
  const { language, speak } = useContext(WordsContext);
  useEffect(() => {
    if (!preferences().language && own !== language && (own === 'sv' || own === 'en')) speak(own);
  }, [own, language, speak]);
}
