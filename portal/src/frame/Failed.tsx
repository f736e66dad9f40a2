// What could not be shown: why, what to do, and the request to quote when asking for help.

import { Button } from '@mantine/core';
import { Problem } from '../api/problem';
import { useWords } from '../words/words';
import { Icon } from './Icon';
import { Notice } from './Notice';

export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const words = useWords();
  const { title, text } = useTold(error);
  return (
    <Notice
      role="alert"
      sign={<Icon name="warning" size={28} />}
      title={title}
      action={
        again && (
          <Button variant="light" onClick={again}>
            {words.again}
          </Button>
        )
      }
    >
      {text}
      {error instanceof Problem && error.requestId && (
        <small className="quoted">
          {words.failed.quote} {error.requestId}
        </small>
      )}
    </Notice>
  );
}

/** The error in the reader's language, by its cause. What has no words of its own is told as the service tells it. */
export function useTold(error: unknown): { title: string; text: string } {
  const words = useWords();
  return told(error, words);
}

export function told(error: unknown, words: ReturnType<typeof useWords>): { title: string; text: string } {
  if (!(error instanceof Problem)) return { title: words.failed.title, text: words.failed.unreachable };
  if (error.status >= 500 || error.kind === 'gateway')
    return { title: words.failed.title, text: words.failed.internal };
  const known: Record<string, string> = words.problem;
  return {
    title: known[error.kind] ?? words.failed.title,
    text: error.kind === 'invalid' || !known[error.kind] ? error.message : '',
  };
}
