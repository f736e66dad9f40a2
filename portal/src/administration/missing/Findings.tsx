import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { useDirectory } from '../../calls/directory';
import { When } from '../../calls/When';
import { useAdministrationWords } from '../../words/administration/words';
import { useWords } from '../../words/words';
import { age } from '../age';
import { OrderState } from '../OrderState';
import { size } from '../size';
import { type Count, differing } from './looking';

type Finding = Schemas['Missed'];

export function Findings({ findings }: { findings: Finding[] }) {
  const more = useAdministrationWords();
  const { missing } = more;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
    <div className="sideways" tabIndex={0} role="region" aria-label={missing.found}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{missing.what}</th>
            <th scope="col">{missing.about}</th>
            <th scope="col">{missing.age}</th>
            <th scope="col">{missing.since}</th>
            <th scope="col">{missing.state}</th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding) => (
            <Row key={[finding.kind, finding.recording, finding.user, finding.key].join(' ')} finding={finding} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ finding }: { finding: Finding }) {
  const { kind, detail, ageSeconds, since, repaired } = finding;
  const words = useWords();
  const { missing, found, remedy } = useAdministrationWords();
  const texts: { title: string; text: string } | undefined = found[kind];
  const differs = differing(detail);
  const shown = ({ recordings, bytes }: Count) =>
    `${words.search.found(recordings, false)}, ${size(bytes, words.locale)}`;
  return (
    <tr>
      <th scope="row" className="reason">
        {texts?.title ?? kind}
        <p className="quiet">{texts?.text}</p>
        {differs && <p className="quiet">{missing.counted(shown(differs.counted), shown(differs.stored))}</p>}
      </th>
      <td className="reason">
        <About finding={finding} />
      </td>
      <td className="digits">{age(ageSeconds, words.locale)}</td>
      <td>
        <When at={since} />
      </td>
      <td>
        <OrderState state={repaired ? 'repaired' : 'open'} words={remedy} />
        {repaired && <p className="quiet">{missing.repairedText}</p>}
      </td>
    </tr>
  );
}

/** The resource: a call, linked if it exists; a user; a file; or all users. */
function About({ finding: { recording, user, key: file, startedAt } }: { finding: Finding }) {
  const { missing } = useAdministrationWords();
  const { nameOf } = useDirectory();
  const name = user && <bdi>{nameOf(user)}</bdi>;
  if (recording && startedAt)
    return (
      <>
        <Link to="/calls/$id" params={{ id: recording }} search={{}}>
          <When at={startedAt} />
        </Link>{' '}
        {name}
      </>
    );
  if (recording) return <span className="quiet">{missing.gone}</span>;
  if (file)
    return (
      <>
        {missing.file} <code className="key">{file}</code>
      </>
    );
  return user ? (
    <Link to="/administration/users" search={{ user }}>
      {name}
    </Link>
  ) : (
    missing.everyone
  );
}
