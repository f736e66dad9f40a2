import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { When } from '../../calls/When';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { OnlineButton } from '../OnlineButton';
import { Refused } from '../Refused';
import { useAbout } from './useAbout';

/** What a previewed erasure comes to, and whether to carry it out. It cannot be undone, so it asks for the number. */
export function ErasureConfirm({ erasure, close }: { erasure: Schemas['Erasure']; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const about = useAbout();
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const { id, recordings, held, exact, confirmBefore } = erasure;
  const goes = recordings - held;
  const order = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/erasures/{erasure}/confirm', { params: { path: { erasure: id } }, body: { recordings } })),
    onSuccess: () => {
      for (const list of ['erasures', 'erasure', 'call']) void client.invalidateQueries({ queryKey: [list] });
      close();
    },
  });
  const facts = [
    [more.erasures.about, <bdi key="about">{about(erasure.about)}</bdi>],
    [more.erasures.found, more.calls(recordings, exact)],
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
      {goes > 0 ? (
        <>
          <p className="warn">{more.erasures.final}</p>
          <TextInput
            data-autofocus
            label={words.typeNumber(goes)}
            inputMode="numeric"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </>
      ) : (
        <p>{more.erasures.nothing}</p>
      )}
      <Refused error={order.error} />
      <div className="dialog-foot">
        <Button variant="default" onClick={close}>
          {words.cancel}
        </Button>
        <OnlineButton
          color="red"
          disabled={!goes || typed.trim() !== String(goes)}
          loading={order.isPending}
          onClick={() => order.mutate()}
        >
          {more.erasures.confirm(goes)}
        </OnlineButton>
      </div>
    </div>
  );
}
