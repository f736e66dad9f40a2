// How the API is asked: what failed in passing is asked again, what the session no longer opens says so, nothing is asked unasked. Each search
// is an event in the organisation's audit log, so a window that comes into view repeats none.

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Problem } from './api/problem';

const TRIES = 3;

export function QueriesProvider({ refused, children }: { refused(): void; children: ReactNode }) {
  const [client] = useState(() => fresh(refused));
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}

function fresh(refused: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof Problem && error.signedOut) refused();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        refetchOnWindowFocus: false,
        refetchOnReconnect: true,
        staleTime: 30_000,
        retry: (failures, error) => failures < TRIES && passes(error),
      },
      mutations: { retry: false },
    },
  });
}

/** Whether the same may succeed in a moment: there was no answer at all, or one that says so. */
function passes(error: Error): boolean {
  return error instanceof Problem ? error.passes : error instanceof TypeError;
}
