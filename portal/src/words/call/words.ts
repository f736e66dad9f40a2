// The texts of an open call, in the current language. They are fetched with it, so that the list does
// not wait for them.

import { useLanguage } from '../words';
import { en } from './en';
import { sv } from './sv';

const CATALOGUES = { sv, en };

export function useCallWords(): typeof sv {
  return CATALOGUES[useLanguage().language];
}
