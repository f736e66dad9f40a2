// Single-key shortcuts, off while text is being written. The user can disable them (WCAG 2.1.4).

import { type HotkeyItem, useHotkeys } from '@mantine/hooks';
import { useSyncExternalStore } from 'react';
import { prefer, preferences } from '../preferences';

const listeners = new Set<() => void>();

export function useKeysOn(): [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => preferences().keys !== false,
  );
  const set = (on: boolean) => {
    prefer({ keys: on });
    for (const listener of listeners) listener();
  };
  return [on, set];
}

/** Handles keys while mounted, except in fields and dialogs or if the user disabled them. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>) {
  const [on] = useKeysOn();
  const items = Object.entries(keys).map(
    ([key, action]): HotkeyItem => [key, unlessElsewhere(action), { preventDefault: false }],
  );
  useHotkeys(on ? items : [], ['INPUT', 'TEXTAREA', 'SELECT']);
}

function unlessElsewhere(action: (event: KeyboardEvent) => void) {
  return (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (document.querySelector('[aria-modal="true"]') || target.closest('[role="dialog"], [role="menu"]')) return;
    // The focused element's own keys go first: buttons, links and sliders.
    if (event.key === ' ' && target.closest('button, summary')) return;
    if (event.key === 'Enter' && target.closest('button, a, summary, [role="slider"]')) return;
    if (event.key.startsWith('Arrow') && target.closest('[role="slider"], [role="radiogroup"], [role="tablist"]'))
      return;
    event.preventDefault();
    action(event);
  };
}
