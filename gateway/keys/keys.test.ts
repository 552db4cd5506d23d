import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ApiKey, KeyInput } from '../../contracts/keys.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { isPrivateAddress } from '../../platform/private-address.ts';
import { createKeyRing } from './key-ring.ts';
import { checkMayCall, mayCall, rulesOf } from './key-rules.ts';
import { newKey } from './new-key.ts';
import { placeOf, ProviderSecrets } from './provider-secrets.ts';
import { secretBox } from './secret-box.ts';
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

const NO_LIMITS = { requestsPerMinute: null, tokensPerMinute: null, usdPerDay: null, usdPerMonth: null };
/** A key as the registry has it, and its secret. */
function made(changes: Partial<KeyInput & ApiKey> = {}): { key: ApiKey; secret: string } {
  const { secret, ...key } = newKey();
  const rest = {
    version: 1,
    project: 'acme',
    name: 'app',
    aliases: [],
    models: [],
    limits: NO_LIMITS,
    actor: '',
    revokedAt: null,
    expiresAt: null,
  };
  return { secret, key: { ...key, ...rest, createdAt: '2026-01-01T00:00:00.000Z', ...changes } };
}
const snapshotOf = (...keys: ApiKey[]) => ({
  ...emptySnapshot('acme'),
  sequence: 1,
  keys: Object.fromEntries(keys.map((key) => [key.id, key])),
});
const unauthorized = (message: string) =>
  expect.objectContaining({ code: 'unauthorized', message: expect.stringContaining(message) as string }) as Error;

test('a key of a project is known from its snapshot on, by either header, until it is revoked', () => {
  const ring = createKeyRing({ adminKey: 'sk-a', serviceKey: 'sk-s' });
  const { key, secret } = made({ limits: { ...NO_LIMITS, usdPerDay: 1 } });
  expect(() => ring.callerOf(`Bearer ${secret}`)).toThrow(unauthorized('Incorrect'));
  ring.update(snapshotOf(key));
  const caller = ring.callerOf(`Bearer ${secret}`);
  expect(caller).toEqual({ keyId: key.id, keyName: key.name, role: 'app', project: 'acme', limits: key.limits });
  expect(ring.callerOf(undefined, secret)).toEqual(caller);
  expect(() => ring.callerOf(secret)).toThrow(unauthorized('Incorrect'));
  ring.update(snapshotOf({ ...key, version: 2, limits: NO_LIMITS, aliases: ['smart'] }));
  expect(ring.callerOf(`Bearer ${secret}`).rules?.aliases.has('smart')).toBe(true);
  ring.update(snapshotOf({ ...key, version: 3, revokedAt: '2026-02-01T00:00:00.000Z' }));
  expect(() => ring.callerOf(`Bearer ${secret}`)).toThrow(unauthorized(`The API key "${key.name}" (${key.id}) is revoked`));
  ring.update(snapshotOf());
  expect(() => ring.callerOf(undefined, secret)).toThrow(unauthorized('Incorrect'));
});

test('a key that was revoked in a registry put back to an earlier day is refused, though its version was there before', () => {
  const ring = createKeyRing({ adminKey: 'sk-a', serviceKey: 'sk-s' });
  const { key, secret } = made({ version: 2, aliases: ['smart'] });
  ring.update(snapshotOf(key));
  expect(ring.callerOf(`Bearer ${secret}`).keyId).toBe(key.id);
  ring.update(snapshotOf({ ...key, aliases: [], revokedAt: '2026-02-01T00:00:00.000Z' }));
  expect(() => ring.callerOf(`Bearer ${secret}`)).toThrow(unauthorized('revoked'));
});

test('an expired key is refused at once, though it was just remembered', () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const ring = createKeyRing({ adminKey: 'sk-a', serviceKey: 'sk-s', now: () => now });
  const { key, secret } = made({ expiresAt: '2026-01-01T00:01:00Z' });
  ring.update(snapshotOf(key));
  expect(ring.callerOf(`Bearer ${secret}`).keyId).toBe(key.id);
  now += 60_000;
  expect(() => ring.callerOf(`Bearer ${secret}`)).toThrow(unauthorized('expired'));
});

test('the admin key chooses a project that there is, a key of an app can not', () => {
  const ring = createKeyRing({ adminKey: 'sk-a', serviceKey: 'sk-s' });
  const { key, secret } = made();
  ring.update(snapshotOf(key));
  expect(ring.callerOf('Bearer sk-a', undefined, 'acme')).toMatchObject({ role: 'admin', project: 'acme' });
  expect(ring.callerOf('Bearer sk-a').project).toBe('default');
  expect(() => ring.callerOf('Bearer sk-a', undefined, 'acne')).toThrow(expect.objectContaining({ code: 'not_found' }));
  expect(ring.callerOf(`Bearer ${secret}`, undefined, 'acme').project).toBe('acme');
  // Before ClickHouse has told which projects there are, one that is not known is no mistake of the caller's.
  const starting = createKeyRing({ adminKey: 'sk-a', serviceKey: 'sk-s', isComplete: () => false });
  expect(() => starting.callerOf('Bearer sk-s', undefined, 'acme')).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(starting.callerOf('Bearer sk-s', undefined, 'default').project).toBe('default');
  expect(() => ring.callerOf(`Bearer ${secret}`, undefined, 'default')).toThrow(expect.objectContaining({ code: 'forbidden' }));
});

test('a key may call what it names: by alias, or every target of the way', () => {
  const caller = (aliases: string[], models: string[]) => {
    const rules = rulesOf({ aliases, models });
    return { keyId: 'key_1', role: 'app' as const, project: 'acme', ...(rules ? { rules } : {}) };
  };
  const to = (alias: string, ...targets: string[]) => ({ alias, targets });
  expect(mayCall(caller([], []), to('', 'openai/gpt-4o'))).toBe(true);
  expect(mayCall(caller(['smart'], []), to('smart', 'openai/gpt-4o'))).toBe(true);
  expect(mayCall(caller(['smart'], []), to('other', 'openai/gpt-4o'))).toBe(false);
  expect(mayCall(caller(['smart'], []), to('', 'openai/gpt-4o'))).toBe(false);
  expect(mayCall(caller([], ['openai/*']), to('', 'openai/gpt-4o'))).toBe(true);
  expect(mayCall(caller([], ['openai/*']), to('', 'openai-eu/gpt-4o'))).toBe(false);
  expect(mayCall(caller([], ['openai/*']), to('smart', 'openai/gpt-4o', 'lab/m'))).toBe(false);
  expect(mayCall(caller([], ['openai/*', 'lab/m']), to('smart', 'openai/gpt-4o', 'lab/m'))).toBe(true);
  expect(mayCall(caller([], ['lab/m']), to('', 'lab/mm'))).toBe(false);
  expect(() => checkMayCall(caller(['smart'], ['lab/*']), to('', 'openai/gpt-4o'))).toThrow(
    'The key "key_1" may not call the model "openai/gpt-4o": it may call "smart", "lab/*"',
  );
  expect(() => checkMayCall({ ...caller(['smart'], []), keyName: 'app' }, to('', 'openai/gpt-4o'))).toThrow(
    'The key "app" (key_1) may not call',
  );
});

test('what is sealed is opened in its place by its master key, and nowhere else', () => {
  const box = secretBox('master');
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), fc.nat(), (secret, at) => {
      const sealed = box.seal(secret, 'default/openai');
      expect(box.open(sealed, 'default/openai')).toBe(secret);
      const bytes = Buffer.from(sealed.slice(3), 'base64url');
      bytes[at % bytes.length]! ^= 1;
      expect(() => box.open(`v1.${bytes.toString('base64url')}`, 'default/openai')).toThrow('opened');
    }),
    { numRuns: 50 },
  );
  const sealed = box.seal('sk-provider', placeOf('default', 'openai'));
  expect(sealed).not.toContain('sk-provider');
  expect(() => box.open(sealed, 'default/groq')).toThrow('opened');
  expect(() => secretBox('other').open(sealed, 'default/openai')).toThrow('another one');
  expect(() => box.open('v1.', 'default/openai')).toThrow('opened');
  expect(() => secretBox(undefined).seal('x', 'default/openai')).toThrow('STILLHOUSE_MASTER_KEY is not set');
});

test("a provider's stored key is that of the newest snapshot", () => {
  const box = secretBox('master');
  const stored = (version: number, key: string) => ({
    provider: 'openai',
    version,
    sealed: box.seal(key, 'default/openai'),
    actor: '',
    createdAt: '',
  });
  let snapshot = { ...emptySnapshot('default'), secrets: { openai: stored(1, 'one') } };
  const secrets = new ProviderSecrets({ current: () => snapshot }, box);
  expect([secrets.secretOf('openai'), secrets.secretOf('groq'), secrets.secretOf('constructor')]).toEqual(['one', undefined, undefined]);
  snapshot = { ...snapshot, secrets: { openai: stored(2, 'two') } };
  expect(secrets.secretOf('openai')).toBe('two');
});

test('a new key has 256 random bits, and what is kept does not give them away', () => {
  const { secret, hash, hint, id } = newKey();
  expect(secret).toMatch(/^sk-sh-[A-Za-z0-9_-]{43}$/);
  expect(secret.startsWith(hint)).toBe(true);
  expect(hint).toHaveLength(10);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(id).toMatch(/^key_[A-Za-z0-9_-]{12}$/);
  expect(newKey().secret).not.toBe(secret);
});
