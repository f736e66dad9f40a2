// Notifications at the foot of the page. Their code is fetched with the first one.

import { type ComponentType, useEffect, useState } from 'react';

type Message = { title?: string; message: React.ReactNode; close: string; alert?: boolean; seconds?: number };

const shown = new EventTarget();

/** Returns a function that hides the notification. */
export async function notify({ title, message, close, alert, seconds = 8 }: Message): Promise<() => void> {
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

/** The region that shows notifications. */
export function Notices() {
  const [List, setList] = useState<ComponentType>();
  useEffect(() => {
    const load = () => void import('./notices').then(({ List }) => setList(() => List));
    shown.addEventListener('first', load, { once: true });
    return () => shown.removeEventListener('first', load);
  }, []);
  return List ? <List /> : null;
}
