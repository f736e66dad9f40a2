// A failed request: the reason, a way on, and the request id to quote in a support case.

import { Button } from '@mantine/core';
import { Problem } from '../api/problem';
import { useWords } from '../words/words';
import { Icon } from './Icon';
import { Notice } from './Notice';

export function Failed({ error, again, page }: { error: unknown; again?: () => void; page?: boolean }) {
  const words = useWords();
  const { title, text } = useErrorText(error);
  return (
    <Notice
      role="alert"
      page={page}
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

/** Replaces a page that threw an error, or whose files could not be fetched. */
export function Broken({ error, reset }: { error: unknown; reset(): void }) {
  return <Failed page error={error} again={reset} />;
}

/** The error in the reader's language, by problem type, or else the service's own text. */
export function useErrorText(error: unknown): { title: string; text: string } {
  return errorText(error, useWords());
}

export function errorText(error: unknown, words: ReturnType<typeof useWords>): { title: string; text: string } {
  if (!(error instanceof Problem)) return { title: words.failed.title, text: words.failed.unreachable };
  if (error.status >= 500 || error.kind === 'gateway')
    return { title: words.failed.title, text: words.failed.internal };
  const known: Partial<Record<typeof error.kind, string>> = words.problem;
  return {
    title: known[error.kind] ?? words.failed.title,
    text: error.kind === 'invalid' || !known[error.kind] ? error.message : '',
  };
}
