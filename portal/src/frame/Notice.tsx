// A message in place of content: empty, refused or failed. It is the page's heading if the page
// has no other content.

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
