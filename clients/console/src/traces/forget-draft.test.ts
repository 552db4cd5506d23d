import { expect, it } from 'vitest';
import { ForgetRequest } from '../../../../contracts/forget.ts';
import { forgetRequestOf } from './forget-draft.ts';

const EMPTY = { user: '', session: '', meta: '', ids: '' };

it('names who is written, letter by letter, and nobody else', () => {
  expect(forgetRequestOf(EMPTY)).toBeNull();
  expect(forgetRequestOf({ ...EMPTY, ids: ' ,\n', meta: 'half' })).toBeNull();
  const id = '0198f3a2-6c1e-7000-8000-000000000001';
  const request = forgetRequestOf({ user: ' u 1', session: 's', meta: 'customer=c-17, shop=berlin', ids: `${id},\n${id}` });
  expect(ForgetRequest.parse(request)).toEqual({
    user: ' u 1',
    session: 's',
    metadata: { customer: 'c-17', shop: 'berlin' },
    ids: [id, id],
  });
});
