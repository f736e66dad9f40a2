// The services of every page: the API, the session and the player. `main` creates them once.

import { createContext, use } from 'react';
import type { Api } from './api/client';
import type { Player } from './player/player';
import type { Session } from './session/session';

export type App = { api: Api; session: Session; player: Player };

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = use(AppContext);
  if (!app) throw new Error('the page is outside the app');
  return app;
}
