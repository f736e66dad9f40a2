// The rarer job: who is recorded, who may hear whom, what marks mean, and what was done.

import '../frame/later.css';
import { Link, Outlet } from '@tanstack/react-router';
import { Notice } from '../frame/Notice';
import { useMe } from '../session/me';
import { useWords } from '../words/words';

export function Administration() {
  const words = useWords();
  const { user } = useMe();
  if (!user.administrator)
    return (
      <Notice page title={words.problem['not-allowed']}>
        {words.administration.forAdministrators}
      </Notice>
    );
  return (
    <div className="administration">
      <nav aria-label={words.nav.administration} className="side">
        <Link to="/administration/users">{words.administration.users}</Link>
        <Link to="/administration/groups">{words.administration.groups}</Link>
        <Link to="/administration/marks">{words.administration.marks}</Link>
        <Link to="/administration/audit">{words.administration.audit}</Link>
        <Link to="/administration/organisation">{words.administration.organisation}</Link>
      </nav>
      <div className="page">
        <Outlet />
      </div>
    </div>
  );
}
