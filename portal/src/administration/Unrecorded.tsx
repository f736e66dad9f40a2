// The reason why a billed user cannot be recorded. Colour is never the only sign.

import './unrecorded.css';
import { useAdministrationWords } from '../words/administration/words';

/** Renders nothing for a user who is recorded or not billed. */
export function Unrecorded({ reason }: { reason: string | null | undefined }) {
  const { unrecorded } = useAdministrationWords();
  if (!reason) return null;
  return (
    <p className="unrecorded">
      <span aria-hidden="true">▲</span> {unrecorded.title}: <Why reason={reason} />
    </p>
  );
}

/** The reason in words, or as the API names it if the portal does not know it. */
export function Why({ reason }: { reason: string }) {
  const { unrecorded } = useAdministrationWords();
  return unrecorded.reasons[reason] ?? unrecorded.other(reason);
}
