import { useOnline } from '../frame/online';
import { useAdministrationWords } from '../words/administration/words';
import { useRefusal } from './refusal';

/** In a dialog: why what was asked for was not done, or cannot be. */
export function Refused({ error }: { error: unknown }) {
  const more = useAdministrationWords();
  const refusal = useRefusal(error);
  const told = useOnline() ? refusal : more.offline.dialog;
  return (
    <p role="alert" className={told ? 'refused' : 'unseen'}>
      {told}
    </p>
  );
}
