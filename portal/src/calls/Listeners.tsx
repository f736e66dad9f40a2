import { useQuery } from '@tanstack/react-query';
import { type Api, answered, type Schemas } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { Failed } from '../frame/Failed';
import { useMe } from '../session/me';
import { useWords } from '../words/words';
import { When } from './When';
import { useWho } from './who';

const LATEST = 200;

/** An event, with the listener's name where the service told it; null: it knows none. */
type Told = Schemas['Event'] & { name?: string | null };

/** Who listened to the recording or fetched a copy, and why if the organisation asks. */
export function Listeners({ recording }: { recording: Recording }) {
  const { api } = useApp();
  const { user } = useMe();
  const words = useWords();
  const who = useWho();
  const events = useQuery({
    queryKey: ['listeners', recording.id],
    queryFn: () => (user.administrator ? ofTheAudit(api, recording.id) : ofOneself(api, recording.id)),
    staleTime: 0,
  });
  if (events.isError) return <Failed error={events.error} again={events.refetch} />;
  if (!events.data) return null;
  if (!events.data.length) return <p className="quiet">{words.call.noListeners}</p>;
  return (
    <ol className="history">
      {events.data.map((event) => (
        <li key={event.requestId}>
          <p className="history-head">
            <strong>
              <bdi>{who(event.who, event.name)}</bdi>
            </strong>{' '}
            {words.deed[event.deed as 'play'] ?? event.deed} <When at={event.at} />
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

async function ofTheAudit(api: Api, recording: string): Promise<Told[]> {
  const page = await answered(
    api.GET('/v1/audit', { params: { query: { recording, refused: false, limit: LATEST } } }),
  );
  return page.events.filter(({ deed }) => deed === 'play' || deed === 'download');
}

async function ofOneself(api: Api, recording: string): Promise<Told[]> {
  const page = await answered(api.GET('/v1/me/listeners', { params: { query: { recording, limit: LATEST } } }));
  return page.events.map((event) => ({ ...event, name: event.name ?? null }));
}
