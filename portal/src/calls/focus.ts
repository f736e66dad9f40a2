// The focus of a call opened by key: it moves to the panel's heading, and back on closing.

let wanted = false;
let from: HTMLElement | undefined;

/** Moves the focus to the next opened call. Closing returns it to the current element. */
export function focusPanel() {
  wanted = true;
  const has = document.activeElement;
  if (has instanceof HTMLElement && !has.closest('.panel')) from = has;
}

/** Moves the focus to the next call. Closing returns it to that call's row. */
export function focusNext() {
  wanted = true;
  from = undefined;
}

/** Focuses the heading of a loaded call, if it was opened by key. */
export function takeFocus(head: HTMLElement | null) {
  if (wanted) head?.focus({ preventScroll: true });
  wanted = false;
}

/** Returns the focus to its origin, or to the call's row, after the panel closed or none opened. */
export function giveBack(id = '') {
  const has = document.activeElement;
  const isLost = !has || has === document.body || has.matches('.rows');
  const row = document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] a`);
  const to = from?.matches('input') ? from : (row ?? from);
  if (isLost && to?.isConnected) to.focus({ preventScroll: true });
  from = undefined;
  wanted = false;
}
