// A table of retention jobs: description, progress, number of recordings, reason, actor and time.

import type { ReactNode } from 'react';
import { When } from '../calls/When';
import { useWho } from '../calls/who';
import { useAdministrationWords } from '../words/administration/words';

export function OrderTable({ label, what, children }: { label: string; what: string; children: ReactNode }) {
  const more = useAdministrationWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{what}</th>
            <th scope="col">{more.state}</th>
            <th scope="col" className="number">
              {more.recordings}
            </th>
            <th scope="col">{more.reason}</th>
            <th scope="col">{more.by}</th>
            <th scope="col">{more.at}</th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** The last cells of a row: reason, actor and time. */
export function Ordered({ reason, by, at }: { reason: string; by: string; at: string }) {
  const who = useWho();
  return (
    <>
      <td className="reason" dir="auto">
        {reason}
      </td>
      <td>
        <bdi>{who(by)}</bdi>
      </td>
      <td>
        <When at={at} />
      </td>
    </>
  );
}
