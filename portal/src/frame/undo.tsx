import { Button } from '@mantine/core';
import { useWords } from '../words/words';
import { notify } from './notify';

/** Confirms an action, and offers to undo it for a while. */
export function useOfferUndo(): (done: string, undo: () => void) => void {
  const words = useWords();
  return (done, undo) => {
    const hidden = notify({
      seconds: 8,
      close: words.close,
      message: (
        <span className="undo">
          {done}{' '}
          <Button
            size="compact-sm"
            variant="subtle"
            onClick={() => {
              void hidden.then((hide) => hide());
              undo();
            }}
          >
            {words.undo}
          </Button>
        </span>
      ),
    });
  };
}
