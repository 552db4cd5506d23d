import { expect, test } from 'vitest';
import { isPrivateAddress } from '../providers/private-address.ts';
import { createKeyRing } from './key-ring.ts';
import { checkListenAddress } from './listen-address.ts';

test('keys: the admin key, the service key, no other', () => {
  const keys = createKeyRing({ adminKey: 'sk-a', serviceKey: 'sk-s' });
  expect(keys.callerOf('Bearer sk-a')).toMatchObject({ role: 'admin', project: 'default' });
  expect(keys.callerOf('bearer  sk-s')).toMatchObject({ role: 'service', keyId: 'service' });
  for (const wrong of [undefined, '', 'Bearer', 'Bearer ', 'Basic sk-a', 'Bearer sk-', 'Bearer sk-a sk-a']) {
    expect(() => keys.callerOf(wrong)).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  }
});

test('an address that others can reach needs a key of the operator', () => {
  for (const host of ['127.0.0.1', 'localhost', '::1', '127.9.9.9']) checkListenAddress(host, false);
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'gateway.internal', '127.0.0.1.example.com']) {
    expect(() => checkListenAddress(host, false)).toThrow('STILLHOUSE_ADMIN_KEY');
    checkListenAddress(host, true);
  }
});

test('addresses that are not of the public internet', () => {
  const refused = [
    '127.0.0.1',
    '10.0.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fd00::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    'not-an-address',
  ];
  for (const address of refused) expect([address, isPrivateAddress(address)]).toEqual([address, true]);
  for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])
    expect([address, isPrivateAddress(address)]).toEqual([address, false]);
});
