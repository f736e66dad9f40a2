// The reason why a billed user cannot be recorded. Colour is never the only sign.

import './unrecorded.css';
import type { Schemas } from '../api/client';
import { useAdministrationWords } from '../words/administration/words';

type Reason = Schemas['BilledNotRecordedReason'];

/** Renders nothing for a user who is recorded or not billed. */
export function Unrecorded({ reason }: { reason: Reason | null | undefined }) {
  const { unrecorded } = useAdministrationWords();
  if (!reason) return null;
  return (
    <p className="unrecorded">
      <span aria-hidden="true">▲</span> {unrecorded.title}: <Why reason={reason} />
    </p>
  );
}

/** The reason in words, or as the API names it if the portal does not know it. */
export function Why({ reason }: { reason: Reason }) {
  const { unrecorded } = useAdministrationWords();
  return unrecorded.reasons[reason] ?? unrecorded.other(reason);
}
