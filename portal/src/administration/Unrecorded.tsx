// That someone is billed and cannot be recorded, and why: a sign and words, never a colour alone.

import './unrecorded.css';
import { useAdministrationWords } from '../words/administration/words';

/** Nothing for who is recorded, or not billed. */
export function Unrecorded({ reason }: { reason: string | null | undefined }) {
  const { unrecorded } = useAdministrationWords();
  if (!reason) return null;
  return (
    <p className="unrecorded">
      <span aria-hidden="true">▲</span> {unrecorded.title}: <Why reason={reason} />
    </p>
  );
}

/** The reason in words; one that is new to the portal as the service names it. */
export function Why({ reason }: { reason: string }) {
  const { unrecorded } = useAdministrationWords();
  return unrecorded.reasons[reason] ?? unrecorded.other(reason);
}
