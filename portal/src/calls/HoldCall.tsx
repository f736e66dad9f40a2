import { Button } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { Recording } from '../api/problem';
import { Icon } from '../frame/Icon';
import { useWords } from '../words/words';

const PlaceHold = lazy(() => import('../administration/retention/PlaceHold'));

/** Holds the call, for administrators. A held call can get a second hold for another reason. */
export function HoldCall({ recording }: { recording: Recording }) {
  const words = useWords();
  const [asked, setAsked] = useState(false);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        mt="sm"
        leftSection={<Icon name="lock" size={16} />}
        onClick={() => setAsked(true)}
      >
        {words.hold.call}
      </Button>
      <Suspense>{asked && <PlaceHold recording={recording.id} close={() => setAsked(false)} />}</Suspense>
    </>
  );
}
