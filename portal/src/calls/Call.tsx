// The open call: its player, its annotation, its history and its listeners.

import './call.css';
import '../frame/later.css';
import { ActionIcon, Tabs, Tooltip } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { Problem, type Recording } from '../api/problem';
import { Failed } from '../frame/Failed';
import { Icon } from '../frame/Icon';
import { useKeys } from '../frame/keys';
import { Download } from '../player/Download';
import { Player } from '../player/Player';
import { may, useMe } from '../session/me';
import { useCallWords } from '../words/call/words';
import { useWords } from '../words/words';
import { Annotation } from './Annotation';
import { Counterpart } from './Counterpart';
import { useDirectory } from './directory';
import { Edits } from './Edits';
import { Facts } from './Facts';
import { takeFocus } from './focus';
import { HoldCall } from './HoldCall';
import { Listeners } from './Listeners';
import { useRecording } from './recordings';
import { When } from './When';

const Unusual = lazy(() => import('./Unusual'));
const Conversation = lazy(() => import('./Conversation'));

export function Call() {
  const { id = '' } = useParams({ strict: false });
  const words = useWords();
  const more = useCallWords();
  const call = useRecording(id);
  const navigate = useNavigate();
  const panel = useRef<HTMLElement>(null);
  const close = () => void navigate({ to: '/calls', search: (search) => search });
  useKeys({ Escape: close });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another call starts at its top
  useEffect(() => {
    panel.current?.scrollTo({ top: 0 });
    panel.current?.closest('.frame')?.scrollTo({ top: 0 }); // which scrolls in a low window
  }, [id]);
  const gone = call.error instanceof Problem && call.error.status === 404;
  return (
    <aside ref={panel} className="panel" aria-label={more.panel.label}>
      <Tooltip label={`${words.close} (Esc)`}>
        <ActionIcon
          className="panel-close"
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={words.close}
          onClick={close}
        >
          <Icon name="close" />
        </ActionIcon>
      </Tooltip>
      {call.data ? (
        <Shown key={id} recording={call.data} />
      ) : (
        call.isError && <Failed error={call.error} again={gone ? undefined : call.refetch} />
      )}
    </aside>
  );
}

function Shown({ recording }: { recording: Recording }) {
  const more = useCallWords();
  const me = useMe();
  const { nameOf } = useDirectory();
  const mayAnnotate = may(me, 'annotate', recording.user);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => takeFocus(head.current), []);
  return (
    <>
      <header className="panel-head">
        <h2 ref={head} tabIndex={-1}>
          <bdi>{nameOf(recording.user)}</bdi>
        </h2>
        <p>
          <Counterpart recording={recording} /> · <When at={recording.startedAt} />
        </p>
      </header>
      {isUnusual(recording) && (
        <Suspense>
          <Unusual recording={recording} />
        </Suspense>
      )}
      <Sound recording={recording} />
      <Annotation recording={recording} mayAnnotate={mayAnnotate} />
      <Tabs defaultValue="facts" keepMounted={false} className="panel-tabs">
        <Tabs.List>
          <Tabs.Tab value="facts">{more.panel.facts}</Tabs.Tab>
          <Tabs.Tab value="edits">{more.panel.edits}</Tabs.Tab>
          {(me.user.administrator || recording.user === me.user.id) && (
            <Tabs.Tab value="listeners">{more.panel.listeners}</Tabs.Tab>
          )}
        </Tabs.List>
        <Tabs.Panel value="facts">
          <Facts recording={recording} />
          {recording.conversationId && (
            <Suspense>
              <Conversation id={recording.id} conversation={recording.conversationId} />
            </Suspense>
          )}
          {me.user.administrator && <HoldCall recording={recording} />}
        </Tabs.Panel>
        <Tabs.Panel value="edits">
          <Edits recording={recording} />
        </Tabs.Panel>
        <Tabs.Panel value="listeners">
          <Listeners recording={recording} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** Whether there is anything to say about the recording. */
function isUnusual({ state, flags, damage, measured, playable }: Recording) {
  return flags.length > 0 || damage || playable === false || (state === 'stored' && measured !== 'exact');
}

/** The player, or the reason why there is no audio. */
function Sound({ recording }: { recording: Recording }) {
  const more = useCallWords();
  const me = useMe();
  if (recording.state === 'stored') {
    const mayDownload = may(me, 'download', recording.user);
    const mayListen = recording.playable !== false && may(me, 'listen', recording.user);
    return recording.playable === false && !mayDownload ? null : (
      <Player recording={recording} mayListen={mayListen} mayDownload={mayDownload} />
    );
  }
  const rejected = recording.state === 'rejected';
  return (
    <section className={rejected ? 'no-sound no-sound-bad' : 'no-sound'}>
      <strong>{rejected ? more.panel.rejected : more.panel.expected}</strong>
      {rejected ? (
        <>
          <p dir="auto">{recording.rejection}</p>
          {me.user.administrator && <Download recording={recording} />}
        </>
      ) : (
        <p>
          {more.panel.expectedText} <When at={recording.registeredAt} />.
        </p>
      )}
    </section>
  );
}
