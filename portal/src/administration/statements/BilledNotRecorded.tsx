// Who is billed in the running month and cannot be recorded, and why, with the way to each.

import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '../../api/client';
import { useDirectory } from '../../calls/directory';
import { When } from '../../calls/When';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Why } from '../Unrecorded';

/** At first, so that the months are in sight; then a hundred at a time. */
const [FIRST, MORE] = [10, 100];

export function BilledNotRecorded({ users }: { users: Schemas['BilledNotRecorded'][] }) {
  const words = useWords();
  const { unrecorded } = useAdministrationWords();
  const { nameOf } = useDirectory();
  const [most, setMost] = useState(FIRST);
  return (
    <section className="card" aria-labelledby="billed-not-recorded">
      <h2 id="billed-not-recorded">
        {unrecorded.title} <span className="count">{users.length.toLocaleString(words.locale)}</span>
      </h2>
      <p className="warn">{unrecorded.text}</p>
      <ul className="history">
        {users.slice(0, most).map(({ user, since, reason }) => (
          <li key={user}>
            <Link to="/administration/users" search={{ user }}>
              <bdi>{nameOf(user)}</bdi>
            </Link>
            : <Why reason={reason} />.{' '}
            <span className="quiet">
              {unrecorded.since} <When at={since} />
            </span>
          </li>
        ))}
      </ul>
      {users.length > most && (
        <Button variant="default" onClick={() => setMost(most + MORE)}>
          {words.more}
        </Button>
      )}
    </section>
  );
}
