import '../frame/later.css';
import { Button, Modal } from '@mantine/core';
import { useApp } from '../app';
import { useWords } from '../words/words';

/** Asks the user to sign in again, over the page, which stays as it is. */
export default function RanOut() {
  const { session } = useApp();
  const words = useWords();
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} title={words.ranOut.title}>
      <p>{words.ranOut.text}</p>
      <Button fullWidth data-autofocus onClick={() => session.signIn(location.pathname + location.search)}>
        {words.signIn}
      </Button>
    </Modal>
  );
}
