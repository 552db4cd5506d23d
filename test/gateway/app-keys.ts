import { createHash, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { ApiKey, type KeyInput } from '../../contracts/keys.ts';
import { newKey } from '../../gateway/keys/new-key.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { appendStateVersions } from '../../store/clickhouse/state-versions.ts';
import { until } from '../support/until.ts';

export interface MadeKey {
  id: string;
  secret: string;
  call: (model?: string, fields?: object) => Promise<Response>;
  /** Stores another version of it, as the registry does. */
  store: (changes: Partial<ApiKey>) => Promise<void>;
}

/** Makes a key as the registry would have stored it; resolves once the gateway follows. */
export type KeyMaker = (
  input: Partial<Omit<KeyInput, 'limits'>> & { limits?: Partial<KeyInput['limits']> },
  project?: string,
) => Promise<MadeKey>;

/** Keys of the gateway at `url`; so many changes of its registry are stored already, or on its disk. */
export function keyMaker(clickhouse: ClickHouseClient, url: () => string, changes = 1): KeyMaker {
  let sequence = changes;
  return async (input, project = 'default') => {
    const { id, secret, hash, hint } = newKey();
    const limits = { requestsPerMinute: null, tokensPerMinute: null, usdPerDay: null, usdPerMonth: null, ...input.limits };
    const base = {
      project,
      name: 'app',
      aliases: [],
      models: [],
      actor: 'test',
      createdAt: new Date().toISOString(),
      revokedAt: null,
      expiresAt: null,
    };
    let version = 0;
    const store = async (changes: Partial<ApiKey>) => {
      const value = ApiKey.parse({ ...base, ...input, id, hash, hint, limits, version: ++version, ...changes });
      const place = { project, kind: 'key' as const, key: id, version, sequence: ++sequence };
      await appendStateVersions(clickhouse, [
        { ...place, requestId: randomUUID(), value, reason: '', actor: 'test', createdAt: base.createdAt },
      ]);
    };
    const send = (path: string, init: RequestInit = {}) =>
      fetch(`${url()}${path}`, { ...init, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' } });
    await store({});
    await until('the gateway knows the key', async () => (await send('/v1/models')).status === 200);
    expect(createHash('sha256').update(secret).digest('hex')).toBe(hash);
    const call = (model = 'lab/test', fields: object = {}) => {
      const body = { model, messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 1000, ...fields };
      return send('/v1/chat/completions', { method: 'POST', body: JSON.stringify(body) });
    };
    return { id, secret, call, store };
  };
}
