import { Link } from '@tanstack/react-router';
import { useMe } from '../session/me';
import { useWords } from '../words/words';

/** Reminds a user to acknowledge, if the recording of their calls waits for it. */
export function AcknowledgeBanner() {
  const { user } = useMe();
  const words = useWords();
  if (user.recording !== 'not-acknowledged') return null;
  return (
    <section className="band" aria-label={words.acknowledge.read}>
      {words.acknowledge.waiting}{' '}
      <Link to="/me" className="strong-link">
        {words.acknowledge.read}
      </Link>
    </section>
  );
}
