import { useQuery } from '@tanstack/react-query';
import { type Api, answered, type Schemas } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { Failed } from '../frame/Failed';
import { useMe } from '../session/me';
import { useCallWords } from '../words/call/words';
import { useWords } from '../words/words';
import { When } from './When';
import { useWho } from './who';

const LATEST = 200;

/** An event with the listener's name, if the service sent one; null if it knows none. */
type NamedEvent = Schemas['Event'] & { name?: string | null };

/** The users who played or downloaded the recording, with reasons if the organisation asks. */
export function Listeners({ recording }: { recording: Recording }) {
  const { api } = useApp();
  const { user } = useMe();
  const words = useWords();
  const more = useCallWords();
  const labels: Partial<Record<Schemas['AuditAction'], string>> = words.action;
  const who = useWho();
  const events = useQuery({
    queryKey: ['listeners', recording.id],
    queryFn: () => (user.administrator ? ofTheAudit(api, recording.id) : ofOneself(api, recording.id)),
    staleTime: 0,
  });
  if (events.isError) return <Failed error={events.error} again={events.refetch} />;
  if (!events.data) return null;
  if (!events.data.length) return <p className="quiet">{more.panel.noListeners}</p>;
  return (
    <ol className="history">
      {events.data.map((event) => (
        <li key={event.requestId}>
          <p className="history-head">
            <strong>
              <bdi>{who(event.actor, event.name)}</bdi>
            </strong>{' '}
            {labels[event.action] ?? event.action} <When at={event.at} />
          </p>
          {event.reason && (
            <p className="history-reason" dir="auto">
              {event.reason}
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}

async function ofTheAudit(api: Api, recording: string): Promise<NamedEvent[]> {
  const page = await answered(api.GET('/v1/audit', { params: { query: { recording, denied: false, limit: LATEST } } }));
  return page.events.filter(({ action }) => action === 'play' || action === 'download');
}

async function ofOneself(api: Api, recording: string): Promise<NamedEvent[]> {
  const page = await answered(api.GET('/v1/me/listeners', { params: { query: { recording, limit: LATEST } } }));
  return page.events.map((event) => ({ ...event, name: event.name ?? null }));
}
