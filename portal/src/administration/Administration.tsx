// The rarer job: who is recorded, who may hear whom, what marks mean, what is kept and delivered, what it costs, what is
// missing, and what was done.

import '../frame/later.css';
import { Link, Outlet } from '@tanstack/react-router';
import { Notice } from '../frame/Notice';
import { useMe } from '../session/me';
import { useAdministrationWords } from '../words/administration/words';
import { useWords } from '../words/words';

export function Administration() {
  const words = useWords();
  const more = useAdministrationWords();
  const { user } = useMe();
  if (!user.administrator)
    return (
      <Notice page title={words.problem['not-allowed']}>
        {more.administration.forAdministrators}
      </Notice>
    );
  return (
    <div className="administration">
      <nav aria-label={words.nav.administration} className="side">
        <Link to="/administration/users">{more.administration.users}</Link>
        <Link to="/administration/groups">{more.administration.groups}</Link>
        <Link to="/administration/marks">{more.administration.marks}</Link>
        <Link to="/administration/retention">{more.administration.retention}</Link>
        <Link to="/administration/delivery">{more.administration.delivery}</Link>
        <Link to="/administration/usage" search={{}}>
          {more.administration.usage}
        </Link>
        <Link to="/administration/statements">{more.administration.statements}</Link>
        <Link to="/administration/missing">{more.administration.missing}</Link>
        <Link to="/administration/audit">{more.administration.audit}</Link>
        <Link to="/administration/organisation">{more.administration.organisation}</Link>
      </nav>
      <div className="page">
        <Outlet />
      </div>
    </div>
  );
}
