import { useInfiniteQuery } from '@tanstack/react-query';
import { answered } from '../../api/client';
import { useApp } from '../../app';

/** The organisation's groups by name, two hundred at a time. */
export function useGroups({ staleTime, enabled }: { staleTime?: number; enabled?: boolean }) {
  const { api } = useApp();
  return useInfiniteQuery({
    queryKey: ['groups'],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/v1/groups', { params: { query: { limit: 200, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    staleTime,
    enabled,
  });
}
