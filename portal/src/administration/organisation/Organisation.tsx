// The organisation's settings and its application clients.

import { Button, Modal, Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../../api/client';
import { useApp } from '../../app';
import { PAGE, whole } from '../../calls/directory';
import { useComplain } from '../../frame/complain';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { inRow } from '../../words/inRow';
import { useWords } from '../../words/words';

export function Organisation() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const asked = useQuery({
    queryKey: ['organisation'],
    queryFn: () => answered(api.GET('/v1/organisation')),
    staleTime: 0,
  });
  return (
    <>
      <h1>{more.administration.organisation}</h1>
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && <Settings organisation={asked.data} />}
      <Applications />
    </>
  );
}

function Settings({ organisation }: { organisation: Schemas['Organisation'] }) {
  const { api } = useApp();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const change = useMutation({
    mutationFn: (asksReason: boolean) => answered(api.PATCH('/v1/organisation', { body: { asksReason } })),
    onSuccess: (organisation) => {
      client.setQueryData(['organisation'], organisation);
      void client.invalidateQueries({ queryKey: ['me'] });
    },
    onError: complain,
  });
  return (
    <section className="card">
      <h2>
        <bdi>{organisation.name}</bdi>
      </h2>
      <dl className="facts">
        <div>
          <dt>{more.organisation.retention}</dt>
          <dd>{more.organisation.days(organisation.retentionDays)}</dd>
        </div>
        <div>
          <dt>{more.organisation.base}</dt>
          <dd>{organisation.baseService ? more.organisation.has : more.organisation.hasNot}</dd>
        </div>
      </dl>
      <Switch
        label={more.organisation.asksReason}
        description={more.organisation.asksReasonText}
        checked={organisation.asksReason}
        disabled={change.isPending}
        onChange={(event) => change.mutate(event.currentTarget.checked)}
      />
    </section>
  );
}

function Applications() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const asked = useQuery({
    queryKey: ['clients'],
    queryFn: () =>
      whole('clients', (cursor) => answered(api.GET('/v1/clients', { params: { query: { limit: PAGE, cursor } } }))),
    staleTime: 0,
  });
  const [ending, setEnding] = useState<Schemas['Client']>();
  return (
    <section className="card">
      <h2>{more.clients.title}</h2>
      <p className="quiet">{more.clients.text}</p>
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && !asked.data.clients.length && <p>{more.clients.none}</p>}
      <ul className="plain">
        {asked.data?.clients.map((application) => (
          <li key={application.id} className="supervisor">
            <div>
              <strong>
                <bdi>{application.name}</bdi>
              </strong>
              <p className="quiet">{inRow(application.scopes.map((scope) => more.scope[scope]))}</p>
            </div>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => setEnding(application)}
              aria-label={`${more.clients.end} ${application.name}`}
            >
              {more.clients.end}
            </Button>
          </li>
        ))}
      </ul>
      {ending && <End application={ending} close={() => setEnding(undefined)} />}
    </section>
  );
}

function End({ application, close }: { application: Schemas['Client']; close(): void }) {
  const { api } = useApp();
  const words = useWords();
  const more = useAdministrationWords();
  const client = useQueryClient();
  const complain = useComplain();
  const end = useMutation({
    mutationFn: () => answered(api.DELETE('/v1/clients/{client}', { params: { path: { client: application.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['clients'] });
      close();
    },
    onError: complain,
  });
  return (
    <Modal opened onClose={close} title={more.clients.endTitle} closeButtonProps={{ 'aria-label': words.close }}>
      <p>
        <strong>
          <bdi>{application.name}</bdi>
        </strong>{' '}
        {more.clients.endText}
      </p>
      <div className="dialog-foot">
        <Button variant="default" onClick={close} data-autofocus>
          {words.cancel}
        </Button>
        <Button color="red" loading={end.isPending} onClick={() => end.mutate()}>
          {more.clients.end}
        </Button>
      </div>
    </Modal>
  );
}
