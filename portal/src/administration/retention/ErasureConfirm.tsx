import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { useWritten } from '../../session/me';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { Lacks } from '../Lacks';
import { OnlineButton } from '../OnlineButton';
import { Refused } from '../Refused';
import { aboutOf } from './person';
import { typedFor } from './typed';
import { useAbout } from './useAbout';

type Props = { erasure: Schemas['Erasure']; close(): void; anew(): void };

/**
 * The preview and confirmation of an erasure. It cannot be undone, so the user types the count.
 * If the page no longer has the telephone number, the user types that too.
 */
export function ErasureConfirm({ erasure, close, anew }: Props) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const remembered = useAbout();
  const written = useWritten();
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const { id, recordings, held, exact, confirmBefore } = erasure;
  const goes = recordings - held;
  const about = aboutOf(erasure.about);
  const number = typedFor(id);
  const forgotten = !('user' in about) && !number;
  const filters = 'user' in about ? { user: about.user } : { counterpart: number };
  const who = number ? written(number) : remembered(erasure.about);
  const order = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/erasures/{erasure}/confirm', { params: { path: { erasure: id } }, body: { recordings } })),
    onSuccess: () => {
      for (const list of ['erasures', 'erasure', 'call']) void client.invalidateQueries({ queryKey: [list] });
      close();
    },
  });
  const lacks = goes > 0 && typed.trim() !== String(goes) && more.typeNumber(goes);
  const found = forgotten ? (
    more.calls(recordings, exact)
  ) : (
    <Link key="found" to="/calls" search={filters}>
      {more.calls(recordings, exact)}
    </Link>
  );
  const facts = [
    [more.erasures.about, <WhoGoes key="about" name={who} number={number} />],
    [more.erasures.found, found],
    [more.erasures.held, more.calls(held, exact)],
    [more.erasures.goes, more.calls(goes, exact)],
    [more.confirmBefore, confirmBefore ? <When key="before" at={confirmBefore} /> : '–'],
  ] as const;
  return (
    <div className="stack">
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {held > 0 && <p className="quiet">{more.erasures.heldText}</p>}
      {forgotten && <p className="warn">{more.erasures.forgotten}</p>}
      {goes > 0 && !forgotten && (
        <>
          <p className="warn">{more.erasures.final}</p>
          <TextInput
            data-autofocus
            label={more.typeNumber(goes)}
            inputMode="numeric"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </>
      )}
      {goes === 0 && <p>{more.erasures.nothing}</p>}
      <Refused error={order.error} />
      <div className="dialog-foot">
        {!forgotten && <Lacks what={lacks} />}
        <Button variant="default" onClick={close}>
          {words.cancel}
        </Button>
        {forgotten ? (
          <OnlineButton onClick={anew}>{more.erasures.anew}</OnlineButton>
        ) : (
          <OnlineButton
            color="red"
            disabled={!goes || Boolean(lacks)}
            title={goes ? undefined : more.erasures.nothing}
            loading={order.isPending}
            onClick={() => order.mutate()}
          >
            {more.erasures.confirm(goes)}
          </OnlineButton>
        )}
      </div>
    </div>
  );
}

/** The number in national form and in E.164. */
function WhoGoes({ name, number }: { name: string; number: string | undefined }) {
  return (
    <>
      <strong className="digits">
        <bdi>{name}</bdi>
      </strong>
      {number && number !== name && <span className="quiet"> ({number})</span>}
    </>
  );
}
