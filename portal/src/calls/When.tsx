import { clock, dayInWords, exactly } from '../time';
import { useLanguage, useWords } from '../words/words';

/** A time in words, in Stockholm's zone; the tooltip is exact. */
export function When({ at, exact = false }: { at: string; exact?: boolean }) {
  const words = useWords();
  const { language } = useLanguage();
  const time = new Date(at);
  const precisely = exactly(time, language);
  const inWords = `${dayInWords(time, new Date(), language, words.today, words.yesterday)} ${clock(time, language)}`;
  return (
    <time dateTime={at} title={precisely} className="digits">
      {exact ? precisely : inWords}
    </time>
  );
}
