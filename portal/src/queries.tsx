// Request policy: transient failures are retried, a lost session is reported, nothing polls. Each
// search is an audit event, so a window that regains focus repeats none.

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

/** Whether a retry may succeed: there was no response, or a transient one. */
function passes(error: Error): boolean {
  return error instanceof Problem ? error.passes : error instanceof TypeError;
}
