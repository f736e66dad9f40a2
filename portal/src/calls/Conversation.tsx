// The other legs of the call's conversation, as after a transfer. Fetched only for calls that have one.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { lengthOf } from '../time';
import { useCallWords } from '../words/call/words';
import { Counterpart } from './Counterpart';
import { useDirectory } from './directory';
import { When } from './When';

/** The most legs that are listed; the heading leads to all. */
const LEGS = 20;

export default function Conversation({ id, conversation }: { id: string; conversation: string }) {
  const { api } = useApp();
  const { leg } = useCallWords();
  const { nameOf } = useDirectory();
  const asked = useQuery({
    queryKey: ['conversation', conversation],
    queryFn: () =>
      answered(api.GET('/v1/recordings', { params: { query: { conversation, order: 'oldest', limit: LEGS } } })),
  });
  const others = asked.data?.recordings.filter((other) => other.id !== id);
  if (!others) return null;
  return (
    <section aria-label={leg.conversation}>
      <h3>
        <Link to="/calls" search={{ conversation }}>
          {leg.conversation}
        </Link>
      </h3>
      <p className="quiet">{others.length ? leg.text : leg.alone}</p>
      <ul className="history">
        {others.map((other: Recording) => (
          <li key={other.id}>
            <Link to="/calls/$id" params={{ id: other.id }} search={(search) => search}>
              <When at={other.startedAt} />
            </Link>{' '}
            <bdi>{nameOf(other.user)}</bdi> <Counterpart recording={other} />{' '}
            <span className="digits">{lengthOf(other)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
