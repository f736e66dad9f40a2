import { ActionIcon, Button, Modal, TextInput, Tooltip } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered } from '../api/client';
import type { Recording } from '../api/problem';
import { useApp } from '../app';
import { useComplain } from '../frame/complain';
import { Icon } from '../frame/Icon';
import { useKeys } from '../frame/keys';
import { saysWhy } from '../reason';
import { useMe } from '../session/me';
import { useWords } from '../words/words';

/** Saves a copy under the service's file name. The browser fetches it, so its size is no limit. */
export function Download({ recording }: { recording: Recording }) {
  const { api } = useApp();
  const words = useWords();
  const complain = useComplain();
  const { organisation } = useMe();
  const [asking, setAsking] = useState(false);
  const fetched = useMutation({
    mutationFn: (reason: string | undefined) =>
      answered(
        api.POST('/v1/recordings/{id}/download', {
          params: { path: { id: recording.id } },
          body: reason ? { reason } : undefined,
        }),
      ),
    onSuccess: ({ url, fileName }) => save(url, fileName),
    onError: complain,
  });
  const start = () => (organisation.asksReason ? setAsking(true) : fetched.mutate(undefined));
  useKeys({ d: start });
  return (
    <>
      <Tooltip label={`${words.download} (d)`}>
        <ActionIcon
          size="lg"
          variant="subtle"
          color="gray"
          aria-label={words.download}
          loading={fetched.isPending}
          onClick={start}
        >
          <Icon name="download" size={22} />
        </ActionIcon>
      </Tooltip>
      <Asked shown={asking} close={() => setAsking(false)} give={(reason) => fetched.mutate(reason)} />
    </>
  );
}

function Asked({ shown, close, give }: { shown: boolean; close(): void; give(reason: string): void }) {
  const words = useWords();
  const [why, setWhy] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    close();
    give(why.trim());
  };
  return (
    <Modal opened={shown} onClose={close} title={words.download} closeButtonProps={{ 'aria-label': words.close }}>
      <form onSubmit={submit}>
        <TextInput
          data-autofocus
          label={words.player.why}
          description={words.player.whyText}
          maxLength={200}
          value={why}
          onChange={(event) => setWhy(event.currentTarget.value)}
        />
        <Button type="submit" mt="md" disabled={!saysWhy(why)}>
          {words.download}
        </Button>
      </form>
    </Modal>
  );
}

function save(url: string, fileName: string) {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
}
