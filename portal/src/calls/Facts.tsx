import { Link } from '@tanstack/react-router';
import { Fragment, type ReactNode } from 'react';
import type { Recording } from '../api/problem';
import { nobody } from '../phone';
import { useWritten } from '../session/me';
import { lengthOf } from '../time';
import { useCallWords } from '../words/call/words';
import { useWords } from '../words/words';
import { When } from './When';

/** Others who took part, each with a link to all calls with them. */
function Participants({ recording: { participants } }: { recording: Recording }) {
  const words = useWords();
  const written = useWritten();
  return (
    <>
      {participants.map((participant, place) => (
        <Fragment key={participant}>
          {place > 0 && ', '}
          <Link to="/calls" search={{ participant }}>
            <bdi>{nobody(participant, words) ?? written(participant)}</bdi>
          </Link>
        </Fragment>
      ))}
    </>
  );
}

/** The exact facts of the call. */
export function Facts({ recording }: { recording: Recording }) {
  const words = useWords();
  const more = useCallWords();
  const megabytes = (recording.contentLength / 1e6).toLocaleString(words.locale, { maximumFractionDigits: 2 });
  const facts: [string, ReactNode][] = [
    [more.facts.started, <When key="started" at={recording.startedAt} exact />],
    [words.column.length, lengthOf(recording)],
    [more.facts.format, `${recording.contentType}, ${megabytes} MB`],
    [more.facts.stored, recording.storedAt ? <When key="stored" at={recording.storedAt} exact /> : '–'],
    [more.facts.ends, recording.heldSince ? more.facts.held : <When key="ends" at={recording.expiresAt} exact />],
    [more.facts.call, <bdi key="call">{recording.callId}</bdi>],
    ...(recording.counterpartWritten
      ? [[words.column.counterpart, <bdi key="written">{recording.counterpartWritten}</bdi>] as [string, ReactNode]]
      : []),
    ...(recording.participants.length
      ? [[more.leg.participants, <Participants key="participants" recording={recording} />] as [string, ReactNode]]
      : []),
    ['SHA-256', <code key="sha">{recording.sha256}</code>],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
