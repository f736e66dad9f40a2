// Drafts of unsaved texts, in the tab's storage, for when the session runs out or the page is left.

const KEY = 'drafts';

type Drafts = Record<string, string>;

export function draftOf(recording: string, name: string): string | undefined {
  return drafts()[`${recording} ${name}`];
}

/** Stores the draft; undefined removes it. */
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
