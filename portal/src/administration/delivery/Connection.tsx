import type { Schemas } from '../../api/client';
import { useAdministrationWords } from '../../words/administration/words';
import { command } from './connecting';

export function Connection({ access: { address, user } }: { access: Schemas['Access'] }) {
  const more = useAdministrationWords();
  const facts = [
    [more.access.address, address],
    [more.access.user, user],
    [more.access.command, command(address, user)],
  ] as const;
  return (
    <section className="card">
      <h2>{more.access.title}</h2>
      <p className="quiet">{more.access.text}</p>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
