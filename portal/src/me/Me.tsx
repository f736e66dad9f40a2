// The recorded user's page: state, acknowledgement, activations and listeners.

import '../frame/later.css';
import { Button, Checkbox } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, type Schemas } from '../api/client';
import { useApp } from '../app';
import { PAGE, whole } from '../calls/directory';
import { When } from '../calls/When';
import { useComplain } from '../frame/complain';
import { Failed } from '../frame/Failed';
import { useMe } from '../session/me';
import { useLanguage, useWords } from '../words/words';
import { Activations } from './Activations';
import { MyListeners } from './MyListeners';

const CLIENT = 'Mina sidor';

export function MePage() {
  const words = useWords();
  const { user, organisation } = useMe();
  return (
    <div className="page">
      <h1>{words.nav.me}</h1>
      <section className="card standing" data-standing={user.recording}>
        <h2>{words.recording[user.recording]}</h2>
        <p>{words.recordingText[user.recording]}</p>
        {user.recording === 'recorded' && <p>{words.me.retention(organisation.retentionDays)}</p>}
        <MyRights />
      </section>
      {isAsked(user.recording) && <Acknowledgement />}
      <MyActivations />
      <MyListeners />
    </div>
  );
}

/** Whether there is anything to acknowledge: only while recording is switched on. */
function isAsked(recording: Schemas['RecordingStatus']): boolean {
  return recording === 'recorded' || recording === 'not-acknowledged';
}

function MyRights() {
  const words = useWords();
  const { rights } = useMe().user;
  const held = (['listen', 'download', 'annotate'] as const).filter((right) => rights[right]);
  return <p>{held.length ? words.me.rights(held.map((right) => words.rightsTo[right])) : words.me.noRights}</p>;
}

function Acknowledgement() {
  const { api } = useApp();
  const words = useWords();
  const { language } = useLanguage();
  const client = useQueryClient();
  const complain = useComplain();
  const { user, acknowledgement } = useMe();
  const [read, setRead] = useState(false);
  const waits = user.recording === 'not-acknowledged';
  const acknowledged = !waits && user.acknowledgedVersion === acknowledgement.version;
  const confirm = useMutation({
    mutationFn: () =>
      answered(api.POST('/v1/me/acknowledgement', { body: { version: acknowledgement.version, client: CLIENT } })),
    onSuccess: (me) => {
      client.setQueryData(['me'], me);
      void client.invalidateQueries({ queryKey: ['my-activations'] });
    },
    onError: (error) => {
      complain(error);
      // Recording or its text may have changed since the page was fetched.
      setRead(false);
      void client.invalidateQueries({ queryKey: ['me'] });
    },
  });
  return (
    <section className={waits ? 'card card-asks' : 'card'} aria-labelledby="acknowledgement">
      <h2 id="acknowledgement">{acknowledged ? words.acknowledge.title : words.acknowledge.about}</h2>
      <blockquote className="letter">{acknowledgement[language]}</blockquote>
      {acknowledged && user.acknowledgedAt ? (
        <p className="good">
          ✓ {words.acknowledge.done} <When at={user.acknowledgedAt} />
        </p>
      ) : (
        <>
          <Checkbox
            label={words.acknowledge.check}
            checked={read}
            onChange={(event) => setRead(event.currentTarget.checked)}
          />
          <Button
            mt="md"
            disabled={!read}
            title={read ? undefined : words.acknowledge.tick}
            loading={confirm.isPending}
            onClick={() => confirm.mutate()}
          >
            {words.acknowledge.confirm}
          </Button>
        </>
      )}
    </section>
  );
}

function MyActivations() {
  const { api } = useApp();
  const words = useWords();
  const asked = useQuery({
    queryKey: ['my-activations'],
    queryFn: () =>
      whole('activations', (cursor) =>
        answered(api.GET('/v1/me/activations', { params: { query: { limit: PAGE, cursor } } })),
      ),
  });
  return (
    <section className="card">
      <h2>{words.me.activations}</h2>
      {asked.isError && <Failed error={asked.error} again={asked.refetch} />}
      {asked.data && <Activations activations={asked.data.activations} />}
    </section>
  );
}
