// Says something at the foot of the page for a while. What shows it is fetched when there is first something to say.

import { type ComponentType, useEffect, useState } from 'react';

type Said = { title?: string; message: React.ReactNode; close: string; alert?: boolean; seconds?: number };

const shown = new EventTarget();

/** Answers with what takes it away again. */
export async function notify({ title, message, close, alert, seconds = 8 }: Said): Promise<() => void> {
  const { notifications } = await import('./notices');
  shown.dispatchEvent(new Event('first'));
  const id = notifications.show({
    title,
    message,
    color: alert ? 'red' : undefined,
    role: alert ? 'alert' : 'status',
    autoClose: seconds * 1000,
    closeButtonProps: { 'aria-label': close },
  });
  return () => notifications.hide(id);
}

/** Where they show. */
export function Notices() {
  const [List, setList] = useState<ComponentType>();
  useEffect(() => {
    const load = () => void import('./notices').then(({ List }) => setList(() => List));
    shown.addEventListener('first', load, { once: true });
    return () => shown.removeEventListener('first', load);
  }, []);
  return List ? <List /> : null;
}
