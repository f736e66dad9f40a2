import type { ReactNode } from 'react';
import type { Recording } from '../api/problem';
import { lengthOf } from '../time';
import { useWords } from '../words/words';
import { When } from './When';

/** The exact facts of the call. */
export function Facts({ recording }: { recording: Recording }) {
  const words = useWords();
  const megabytes = (recording.contentLength / 1e6).toLocaleString(words.locale, { maximumFractionDigits: 2 });
  const facts: [string, ReactNode][] = [
    [words.facts.started, <When key="started" at={recording.startedAt} exact />],
    [words.column.length, lengthOf(recording)],
    [words.facts.format, `${recording.contentType}, ${megabytes} MB`],
    [words.facts.stored, recording.storedAt ? <When key="stored" at={recording.storedAt} exact /> : '–'],
    [words.facts.ends, recording.heldSince ? words.facts.held : <When key="ends" at={recording.expiresAt} exact />],
    [words.facts.call, <bdi key="call">{recording.callId}</bdi>],
    ...(recording.counterpartWritten
      ? [[words.column.counterpart, <bdi key="written">{recording.counterpartWritten}</bdi>] as [string, ReactNode]]
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
