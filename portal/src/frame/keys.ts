// Single keys that do something, where no text is being written. They can be switched off (WCAG 2.1.4).

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

/** Listens to keys while the component is there. Nothing happens in a field, in a dialog, or with keys switched off. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>) {
  const [on] = useKeysOn();
  const items = Object.entries(keys).map(
    ([key, deed]): HotkeyItem => [key, unlessElsewhere(deed), { preventDefault: false }],
  );
  useHotkeys(on ? items : [], ['INPUT', 'TEXTAREA', 'SELECT']);
}

function unlessElsewhere(deed: (event: KeyboardEvent) => void) {
  return (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (document.querySelector('[aria-modal="true"]') || target.closest('[role="dialog"], [role="menu"]')) return;
    // A button that has the focus is pressed by space and Enter, a link followed by Enter alone, and a slider is moved by arrows.
    if (event.key === ' ' && target.closest('button, summary')) return;
    if (event.key === 'Enter' && target.closest('button, a, summary, [role="slider"]')) return;
    if (event.key.startsWith('Arrow') && target.closest('[role="slider"], [role="radiogroup"], [role="tablist"]'))
      return;
    event.preventDefault();
    deed(event);
  };
}
