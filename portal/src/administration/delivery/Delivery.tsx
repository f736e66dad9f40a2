// The delivery by SFTP: the connection, the keys and the folders of the days.

import '../orders.css';
import { useQuery } from '@tanstack/react-query';
import { answered } from '../../api/client';
import { useApp } from '../../app';
import { Failed } from '../../frame/Failed';
import { useAdministrationWords } from '../../words/administration/words';
import { Fetched } from '../Fetched';
import { Refresh } from '../Refresh';
import { Slow } from '../Slow';
import { Connection } from './Connection';
import { Drops } from './Drops';
import { Keys } from './Keys';

export function Delivery() {
  const { api } = useApp();
  const more = useAdministrationWords();
  const access = useQuery({
    queryKey: ['sftp'],
    queryFn: () => answered(api.GET('/v1/sftp/keys')),
    staleTime: 0,
  });
  return (
    <>
      <div className="page-head">
        <h1>{more.administration.delivery}</h1>
        <Refresh lists={['sftp', 'drops']} />
      </div>
      <Fetched lists={['sftp', 'drops']} />
      {access.isPending && <Slow />}
      {access.isError && <Failed error={access.error} again={access.refetch} />}
      {access.data && (
        <>
          <Connection access={access.data} />
          <Keys keys={access.data.keys} />
        </>
      )}
      <Drops />
    </>
  );
}
