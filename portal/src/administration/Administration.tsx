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
      {/* The pages' own files are fetched ahead: without a connection one can still go to what was loaded. */}
      <nav aria-label={words.nav.administration} className="side">
        <Link to="/administration/users" preload="render">
          {more.administration.users}
        </Link>
        <Link to="/administration/groups" preload="render">
          {more.administration.groups}
        </Link>
        <Link to="/administration/marks" preload="render">
          {more.administration.marks}
        </Link>
        <Link to="/administration/retention" preload="render">
          {more.administration.retention}
        </Link>
        <Link to="/administration/delivery" preload="render">
          {more.administration.delivery}
        </Link>
        <Link to="/administration/usage" search={{}} preload="render">
          {more.administration.usage}
        </Link>
        <Link to="/administration/statements" preload="render">
          {more.administration.statements}
        </Link>
        <Link to="/administration/missing" preload="render">
          {more.administration.missing}
        </Link>
        <Link to="/administration/audit" preload="render">
          {more.administration.audit}
        </Link>
        <Link to="/administration/organisation" preload="render">
          {more.administration.organisation}
        </Link>
      </nav>
      <div className="page">
        <Outlet />
      </div>
    </div>
  );
}
