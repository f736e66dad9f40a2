// The texts of the administrator's pages, in the current language. They are fetched with those
// pages, so that the calls do not wait for them.

import { useLanguage } from '../words';
import { en } from './en';
import { sv } from './sv';

export type AdministrationWords = typeof sv;

const CATALOGUES = { sv, en };

export function useAdministrationWords(): AdministrationWords {
  return CATALOGUES[useLanguage().language];
}
