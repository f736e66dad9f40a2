// A page or a part of one that has something to say instead of something to show: empty, refused, failed. It heads the page
// where there is nothing else on it.

import type { ReactNode } from 'react';

type Props = {
  sign?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  role?: 'alert' | 'status';
  page?: boolean;
};

export function Notice({ sign, title, children, action, role, page = false }: Props) {
  const Title = page ? 'h1' : 'h2';
  return (
    <section className="notice" role={role}>
      {sign && <div className="notice-sign">{sign}</div>}
      <Title>{title}</Title>
      {children && <div className="notice-text">{children}</div>}
      {action && <div>{action}</div>}
    </section>
  );
}
