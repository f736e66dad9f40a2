import { Link } from '@tanstack/react-router';
import { useWords } from '../words/words';
import { Notice } from './Notice';

export function Nowhere() {
  const words = useWords();
  return (
    <Notice page title={words.nowhere} action={<Link to="/calls">{words.nav.calls}</Link>}>
      {words.nowhereText}
    </Notice>
  );
}
