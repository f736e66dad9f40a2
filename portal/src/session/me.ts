// Who is signed in, and what they may do. The API decides; this only spares people buttons that would be refused.

import { useQuery } from '@tanstack/react-query';
import { createContext, use } from 'react';
import { answered, type Schemas } from '../api/client';
import { useApp } from '../app';

export type Me = Schemas['Me'];
export type Rights = Schemas['Rights'];
export type Right = keyof Rights;

export const MeContext = createContext<Me | undefined>(undefined);

export function useMe(): Me {
  const me = use(MeContext);
  if (!me) throw new Error('the page stands outside the gate');
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

/** Whether the caller may do it to recordings of the user. Of others' groups only some is known here: the API has the last word. */
export function may(me: Me, right: Right, user: string): boolean {
  if (me.user.administrator) return true;
  const covers = me.user.supervises.filter((cover) => cover.holds);
  if (user === me.user.id && me.user.rights[right]) return true;
  return covers.some((cover) => cover.rights[right]);
}

/** Whether they reach any recording at all. */
export function seesCalls({ user }: Me): boolean {
  const any = ({ listen, download, annotate }: Rights) => Boolean(listen || download || annotate);
  return user.administrator || any(user.rights) || user.supervises.some((cover) => cover.holds && any(cover.rights));
}
