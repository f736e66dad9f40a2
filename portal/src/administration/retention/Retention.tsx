// Retention, legal holds and erasures.

import '../orders.css';
import { useAdministrationWords } from '../../words/administration/words';
import { Fetched } from '../Fetched';
import { Refresh } from '../Refresh';
import { Days } from './Days';
import { Erasures } from './Erasures';
import { Holds } from './Holds';

export function Retention() {
  const more = useAdministrationWords();
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.retention}</h1>
        <Refresh lists={['retention', 'holds', 'held', 'erasures', 'call']} />
      </div>
      <Fetched lists={['retention', 'holds', 'erasures']} />
      <Days />
      <Holds />
      <Erasures />
    </>
  );
}
