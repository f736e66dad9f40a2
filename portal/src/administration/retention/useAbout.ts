import { useDirectory } from '../../calls/directory';
import { useAdministrationWords } from '../../words/administration/words';
import { aboutOf } from './person';

/** The person of an erasure, in words. */
export function useAbout(): (remembered: string) => string {
  const more = useAdministrationWords();
  const { nameOf } = useDirectory();
  return (remembered) => {
    const about = aboutOf(remembered);
    return 'user' in about ? nameOf(about.user) : more.erasures.numberEnding(about.digits);
  };
}
