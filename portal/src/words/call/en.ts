// English, in the shape of the Swedish catalogue.

import type { sv } from './sv';

export const en: typeof sv = {
  tooLong: (over) => `${over} characters too long`,
  charactersLeft: (left) => `${left} characters left`,
  panel: {
    label: 'The call',
    annotation: 'Marking',
    facts: 'Facts',
    edits: 'Edits',
    listeners: 'Who listened',
    writeNote: 'Write a note …',
    noEdits: 'Nobody has changed anything.',
    noListeners: 'Nobody has listened.',
    expected: 'The sound is being uploaded',
    expectedText: 'The app registered the call',
    rejected: 'The sound was rejected',
  },
  facts: {
    started: 'Began',
    format: 'Format',
    stored: 'Stored',
    ends: 'Deleted',
    held: 'Held',
    call: 'Call id',
  },
  conflict: {
    title: 'You wrote at the same time',
    text: 'Someone else edited the call while you wrote. Nothing is lost: choose what to keep.',
    theirs: 'Theirs',
    mine: 'Yours',
    nothing: 'nothing',
    joined: 'Together',
    keepTheirs: 'Keep theirs',
    keepMine: 'Use mine',
    join: 'Join …',
    keepJoined: 'Use both',
  },
  leg: {
    conversation: 'Parts of the conversation',
    text: 'A transferred call or a conference is several recordings.',
    participants: 'Participants',
    alone: 'There are no other parts that you may see.',
  },
};
