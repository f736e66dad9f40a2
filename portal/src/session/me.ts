// The caller and their rights. The API decides; the portal only hides buttons it would refuse.

import { useQuery } from '@tanstack/react-query';
import { createContext, use } from 'react';
import { answered, type Schemas } from '../api/client';
import { useApp } from '../app';
import { useNumbers, written } from '../phone';

export type Me = Schemas['Me'];
export type Rights = Schemas['Rights'];
export type Right = keyof Rights;

export const MeContext = createContext<Me | undefined>(undefined);

export function useMe(): Me {
  const me = use(MeContext);
  if (!me) throw new Error('the page is outside the gate');
  return me;
}

export function useMeQuery() {
  const { api } = useApp();
  return useQuery({
    queryKey: ['me'],
    queryFn: () => answered(api.GET('/v1/me')),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Whether the caller seems to have the right to the user's recordings; the API decides. */
export function may(me: Me, right: Right, user: string): boolean {
  if (me.user.administrator) return true;
  const supervisions = me.user.supervises.filter(({ holds }) => holds);
  if (user === me.user.id && me.user.rights[right]) return true;
  return supervisions.some(({ rights }) => rights[right]);
}

/** Whether the caller reaches any recording. */
export function seesCalls({ user }: Me): boolean {
  const any = ({ listen, download, annotate }: Rights) => Boolean(listen || download || annotate);
  return user.administrator || any(user.rights) || user.supervises.some(({ holds, rights }) => holds && any(rights));
}

/** Writes telephone numbers as the caller's organisation does. */
export function useWritten(): (number: string) => string {
  useNumbers();
  const { country } = useMe().organisation;
  return (number) => written(number, country);
}
