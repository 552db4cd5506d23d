import type * as Undici from 'undici';
import { expect, test, vi } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { providerOf } from './kinds.ts';
import { providerConnection } from './provider-connection.ts';

const made = vi.hoisted(() => ({ pools: 0 }));
vi.mock('undici', async (load) => {
  const undici = await load<typeof Undici>();
  class Pool extends undici.Pool {
    constructor(...parameters: ConstructorParameters<typeof undici.Pool>) {
      super(...parameters);
      made.pools++;
    }
  }
  return { ...undici, Pool };
});

const config = (values: object) => ProviderConfig.parse({ baseUrl: 'http://localhost:1/v1', allowPrivateAddress: true, ...values });

test('a provider of calls alone has no pool for what streams, and one of both makes it once', async () => {
  const secret = () => 'sk-test';
  const claude = providerOf(config({ kind: 'anthropic' }), secret);
  await claude.close();
  expect(made.pools).toBe(0);
  const connection = providerConnection(config({ id: 'lab', kind: 'openai-compatible' }), secret);
  expect(made.pools).toBe(0);
  const { pool } = connection;
  expect(connection.pool).toBe(pool);
  expect(made.pools).toBe(1);
  await connection.close();
  expect(pool.destroyed).toBe(true);
});
