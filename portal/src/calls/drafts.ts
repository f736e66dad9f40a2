// What someone was writing when the session ran out or the page was left. Kept in the tab's own storage, which ends with the session.

const KEY = 'drafts';

type Drafts = Record<string, string>;

export function draftOf(recording: string, name: string): string | undefined {
  return drafts()[`${recording} ${name}`];
}

/** Keeps the draft; without a text there is none any more. */
export function setDraft(recording: string, name: string, text: string | undefined) {
  const { [`${recording} ${name}`]: _, ...others } = drafts();
  sessionStorage.setItem(
    KEY,
    JSON.stringify(text === undefined ? others : { ...others, [`${recording} ${name}`]: text }),
  );
}

function drafts(): Drafts {
  return JSON.parse(sessionStorage.getItem(KEY) ?? '{}');
}
