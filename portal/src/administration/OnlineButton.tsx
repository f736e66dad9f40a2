import { Button, type ButtonProps } from '@mantine/core';
import type { ComponentPropsWithoutRef } from 'react';
import { useOnline } from '../frame/online';
import { useAdministrationWords } from '../words/administration/words';

type Props = ButtonProps & Omit<ComponentPropsWithoutRef<'button'>, keyof ButtonProps>;

/** A button that is disabled offline and gives the reason. It never queues an action. */
export function OnlineButton({ disabled, title, ...button }: Props) {
  const more = useAdministrationWords();
  const online = useOnline();
  return <Button {...button} disabled={disabled || !online} title={online ? title : more.offline.button} />;
}
