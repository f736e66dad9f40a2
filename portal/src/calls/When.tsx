import { clock, dayInWords, exactly } from '../time';
import { useLanguage, useWords } from '../words/words';

/** A time as people say it, exact where the pointer rests; always Stockholm's. */
export function When({ at, exact = false }: { at: string; exact?: boolean }) {
  const words = useWords();
  const { language } = useLanguage();
  const time = new Date(at);
  const precisely = exactly(time, language);
  const said = `${dayInWords(time, new Date(), language, words.today, words.yesterday)} ${clock(time, language)}`;
  return (
    <time dateTime={at} title={precisely} className="digits">
      {exact ? precisely : said}
    </time>
  );
}
