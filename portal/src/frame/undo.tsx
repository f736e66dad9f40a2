import { Button } from '@mantine/core';
import { useWords } from '../words/words';
import { notify } from './notify';

/** Says what was done, and offers for a while to take it back. */
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
