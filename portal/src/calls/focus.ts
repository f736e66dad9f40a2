// Where the focus goes when a call is opened by key: to the head of its panel, so that the next key is about the call. Closing gives it back.

let wanted = false;
let from: HTMLElement | undefined;

/** The call that is opened next takes the focus; closing gives it back to what has it now. */
export function leadIntoPanel() {
  wanted = true;
  const has = document.activeElement;
  if (has instanceof HTMLElement && !has.closest('.panel')) from = has;
}

/** The next call takes the focus from the one before: closing gives it to its row. */
export function leadOn() {
  wanted = true;
  from = undefined;
}

/** Puts the focus on the head of a call that has come, where it was opened by key. */
export function takeFocus(head: HTMLElement | null) {
  if (wanted) head?.focus({ preventScroll: true });
  wanted = false;
}

/** Gives the focus back when the panel has closed, or none came: to where it came from, or to the call's row, which may be another by now. */
export function giveBack(id = '') {
  const has = document.activeElement;
  const isLost = !has || has === document.body || has.matches('.rows');
  const row = document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] a`);
  const to = from?.matches('input') ? from : (row ?? from);
  if (isLost && to?.isConnected) to.focus({ preventScroll: true });
  from = undefined;
  wanted = false;
}
