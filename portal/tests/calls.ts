// The calls of the tests: a few for each user, different in everything that a search can filter.

import type { Call } from './cloud';

const DAY = 24 * 60;

export const INVOICE: Call = {
  id: 'portal-invoice',
  user: 'anna',
  speech: '90s.mp3',
  counterpart: '+46701234567',
  ago: 40,
  edit: {
    note: 'Faktura 4411 gäller fel månad',
    mark: 'red',
    field1: 'ärende 7788',
    field2: 'Göteborg',
    field3: 'slutkund',
  },
};
export const OFFER: Call = {
  id: 'portal-offer',
  user: 'anna',
  speech: '45s-alaw.wav',
  direction: 'out',
  counterpart: '+4684650012',
  ago: DAY + 60,
  edit: { note: 'Vill ha offert på tio anslutningar' },
};
export const LONG: Call = {
  id: 'portal-long',
  user: 'anna',
  speech: '20min.ogg',
  counterpart: '+46317654321',
  ago: 3 * DAY,
};
export const LARGE: Call = {
  id: 'portal-large',
  user: 'anna',
  speech: '20min.wav',
  counterpart: '+46317654321',
  ago: 4 * DAY,
};
export const WITHHELD: Call = {
  id: 'portal-withheld',
  user: 'maja',
  speech: '2s.wav',
  counterpart: 'withheld',
  ago: 50,
  edit: { mark: 'green' },
};
export const SWITCHBOARD: Call = {
  id: 'portal-switchboard',
  user: 'omar',
  speech: '5min.ogg',
  direction: 'out',
  counterpart: '+4531390012',
  ago: 90,
};
export const NIGHT: Call = {
  id: 'portal-night',
  user: 'nils',
  speech: '2s.ogg',
  counterpart: '+46701740699',
  ago: 120,
};

/** A call of the other organisation. */
export const OTHER: Call = {
  id: 'portal-other',
  user: 'lars',
  speech: '2s.ogg',
  counterpart: '+46701740688',
  ago: 130,
};

export const STORED = [INVOICE, OFFER, LONG, LARGE, WITHHELD, SWITCHBOARD, NIGHT, OTHER];

/** Registered, and its audio never arrives. */
export const EXPECTED: Call = {
  id: 'portal-expected',
  user: 'omar',
  speech: '2s.wav',
  counterpart: '+46701111111',
  ago: 20,
};
/** The upload is not audio. */
export const REJECTED: Call = {
  id: 'portal-rejected',
  user: 'omar',
  speech: '2s.wav',
  counterpart: '+46702222222',
  ago: 200,
};
