// A page or a part of one that has something to say instead of something to show: empty, refused, failed.

import type { ReactNode } from 'react';

type Props = { sign?: ReactNode; title: string; children?: ReactNode; action?: ReactNode; role?: 'alert' | 'status' };

export function Notice({ sign, title, children, action, role }: Props) {
  return (
    <section className="notice" role={role}>
      {sign && <div className="notice-sign">{sign}</div>}
      <h2>{title}</h2>
      {children && <div className="notice-text">{children}</div>}
      {action && <div>{action}</div>}
    </section>
  );
}
