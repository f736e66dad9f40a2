import './frame/look.css';
import './frame/frame.css';
import './frame/pages.css';
import './frame/lists.css';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { connect } from './api/client';
import { AppContext } from './app';
import { Failed } from './frame/Failed';
import { followForcedColours } from './frame/forced';
import { Look } from './frame/Look';
import { loadNumbers } from './phone';
import { createPlayer } from './player/player';
import { preferences } from './preferences';
import { QueriesProvider } from './queries';
import { router } from './router';
import { openSession } from './session/session';
import { readSettings } from './settings';
import { WordsProvider, wordsOf } from './words/words';

const page = createRoot(document.getElementById('root') as HTMLElement);

followForcedColours();

async function start() {
  const language = preferences().language ?? 'sv';
  const [settings, words] = await Promise.all([readSettings(), wordsOf(language)]);
  const session = await openSession(settings, (address) => history.replaceState(null, '', address));
  const api = connect(settings.api, session.token);
  const player = createPlayer(api, document.createElement('audio'));
  loadNumbers().catch(() => undefined); // numbers stay as they are stored
  page.render(
    <StrictMode>
      <WordsProvider first={{ words, language }}>
        <Look>
          <QueriesProvider refused={session.refused}>
            <AppContext value={{ api, session, player }}>
              <RouterProvider router={router} />
            </AppContext>
          </QueriesProvider>
        </Look>
      </WordsProvider>
    </StrictMode>,
  );
}

start().catch((error) =>
  page.render(
    <WordsProvider>
      <Look>
        <Failed page error={error} again={() => location.reload()} />
      </Look>
    </WordsProvider>,
  ),
);
