import '../frame/later.css';
import { Button, Modal, Progress } from '@mantine/core';
import { useWords } from '../words/words';

/** The progress of the export, and a button that cancels it. */
export default function ExportProgress({ count, stop }: { count: number; stop(): void }) {
  const words = useWords();
  return (
    <Modal opened onClose={stop} title={words.file.title} withCloseButton={false}>
      <p role="status">{words.file.read(count)}</p>
      <Progress value={100} animated aria-label={words.file.title} />
      <Button mt="md" variant="default" onClick={stop}>
        {words.cancel}
      </Button>
    </Modal>
  );
}
