import { expect, it } from 'vitest';
import { command } from './connecting';

it('the command names the port where the address has one', () => {
  expect(command('s-1.server.transfer.eu-north-1.amazonaws.com', 'demo')).toBe(
    'sftp demo@s-1.server.transfer.eu-north-1.amazonaws.com',
  );
  expect(command('127.0.0.1:2222', 'demo')).toBe('sftp -P 2222 demo@127.0.0.1');
});
