// The anomalies of a call, in words. Loaded only for calls that have some.

import './unusual.css';
import type { Recording } from '../api/problem';
import { exactly, length } from '../time';
import { type Language, useLanguage } from '../words/words';

type Says = Record<
  Recording['flags'][number] | NonNullable<Recording['damage']> | 'estimated' | 'claimed' | 'unplayable',
  (recording: Recording, language: Language) => string
>;

const reported = (recording: Recording, language: Language) =>
  exactly(new Date(recording.startedAtReported ?? recording.startedAt), language);

const sv: Says = {
  'start-corrected': (recording, language) =>
    `Telefonens klocka gick fel. Starten är rättad; telefonen angav ${reported(recording, language)}.`,
  'start-replaced': (recording, language) =>
    `Telefonens klocka gick fel. Starten är räknad från när samtalet kom in; telefonen angav ${reported(recording, language)}.`,
  backdated: () => 'Samtalet kom in mer än en vecka efter att det började.',
  'duration-differs': ({ promisedMs, durationMs }) =>
    `Appen angav längden ${length(promisedMs)}, men ljudet är ${length(durationMs)}.`,
  'call-id-taken': () => 'Ett annat samtal har samma samtals-id.',
  'cut-off': () => 'Ljudfilen är avkortad. Den spelas så långt den räcker.',
  'no-index': () => 'Ljudfilen saknar sitt index. Hämta den för att försöka öppna den i ett annat program.',
  'no-sound': () => 'Ljudfilen innehåller inget ljud.',
  contradictory: () => 'Ljudfilens uppgifter om sig själv motsäger varandra.',
  estimated: () => 'Längden är uppskattad.',
  claimed: () => 'Längden är den som appen angav.',
  unplayable: () => 'Webbläsare kan inte spela ljudets format. Hämta filen och öppna den i ett annat program.',
};

const en: Says = {
  'start-corrected': (recording, language) =>
    `The phone's clock was wrong. The start is corrected; the phone reported ${reported(recording, language)}.`,
  'start-replaced': (recording, language) =>
    `The phone's clock was wrong. The start is calculated from the time of receipt; the phone reported ${reported(recording, language)}.`,
  backdated: () => 'The call arrived more than a week after it began.',
  'duration-differs': ({ promisedMs, durationMs }) =>
    `The app reported a length of ${length(promisedMs)}, but the sound is ${length(durationMs)}.`,
  'call-id-taken': () => 'Another call has the same call id.',
  'cut-off': () => 'The audio file is cut off. It plays as far as it goes.',
  'no-index': () => 'The audio file lacks its index. Download it to try another program.',
  'no-sound': () => 'The audio file contains no sound.',
  contradictory: () => 'The audio file contradicts itself.',
  estimated: () => 'The length is estimated.',
  claimed: () => 'The length is the one that the app reported.',
  unplayable: () => 'Browsers cannot play this format. Download the file and open it in another program.',
};

export default function Unusual({ recording }: { recording: Recording }) {
  const { language } = useLanguage();
  const says = language === 'en' ? en : sv;
  const { flags, damage, measured, playable, state } = recording;
  const found: (keyof Says)[] = [...flags];
  if (damage) found.push(damage);
  if (state === 'stored' && measured !== 'exact') found.push(measured);
  if (playable === false) found.push('unplayable');
  return (
    <ul className="unusual">
      {found.map((what) => (
        <li key={what}>{says[what](recording, language)}</li>
      ))}
    </ul>
  );
}
