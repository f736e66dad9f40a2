// The users billed in the current month who cannot be recorded, each with reason and link.

import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '../../api/client';
import { useDirectory } from '../../calls/directory';
import { When } from '../../calls/When';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Why } from '../Unrecorded';

/** The first page is short, so that the months stay in sight. Later pages have a hundred. */
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
