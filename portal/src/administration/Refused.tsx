import { useOnline } from '../frame/online';
import { useAdministrationWords } from '../words/administration/words';
import { useRefusal } from './refusal';

/** Explains in a dialog why a request failed or cannot be made. */
export function Refused({ error }: { error: unknown }) {
  const more = useAdministrationWords();
  const refusal = useRefusal(error);
  const message = useOnline() ? refusal : more.offline.dialog;
  return (
    <p role="alert" className={message ? 'refused' : 'unseen'}>
      {message}
    </p>
  );
}
