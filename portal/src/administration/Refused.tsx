import { useRefusal } from './refusal';

/** In a dialog: why what was asked for was not done. */
export function Refused({ error }: { error: unknown }) {
  const refusal = useRefusal(error);
  return (
    <p role="alert" className={refusal ? 'refused' : 'unseen'}>
      {refusal}
    </p>
  );
}
