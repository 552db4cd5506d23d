import { expect, test } from 'vitest';
import { Environment } from '../../contracts/environment.ts';
import { effectiveValues } from './effective-values.ts';

test('no secret is shown, nor the credentials in a URL', () => {
  const inherited = {
    STILLHOUSE_ADMIN_KEY: 'sk-admin-hidden',
    CLICKHOUSE_PASSWORD: 'hidden',
    CLICKHOUSE_URL: 'https://ada:hidden@db.example:8443/',
    TEMPORAL_API_KEY: 'hidden',
    TEMPORAL_TLS: 'true',
    UNRELATED: 'hidden',
  };
  const values = effectiveValues(Environment.parse(inherited), inherited);
  expect(JSON.stringify(values)).not.toContain('hidden');
  expect(values).toMatchObject({
    STILLHOUSE_ADMIN_KEY: '(set)',
    STILLHOUSE_SERVICE_KEY: '(not set)',
    CLICKHOUSE_URL: 'https://someone@db.example:8443/',
    TEMPORAL_API_KEY: '(set)',
    TEMPORAL_TLS: 'true',
    STILLHOUSE_PORT: 8080,
  });
  expect(values).not.toHaveProperty('UNRELATED');
});

test('the gateway is where the stack has it, or where it is said to be', () => {
  const urlOf = (inherited: Record<string, string>) => effectiveValues(Environment.parse(inherited), inherited)['STILLHOUSE_GATEWAY_URL'];
  expect(urlOf({})).toBe('http://127.0.0.1:8080');
  expect(urlOf({ STILLHOUSE_PORT: '9000' })).toBe('http://127.0.0.1:9000');
  expect(urlOf({ STILLHOUSE_PORT: '9000', STILLHOUSE_HOST: '0.0.0.0' })).toBe('http://127.0.0.1:9000');
  expect(urlOf({ STILLHOUSE_PORT: '9000', STILLHOUSE_HOST: 'gateway.lan' })).toBe('http://gateway.lan:9000');
  expect(urlOf({ STILLHOUSE_PORT: '0' })).toBeNull();
  expect(urlOf({ STILLHOUSE_PORT: '9000', STILLHOUSE_GATEWAY_URL: 'http://elsewhere:1' })).toBe('http://elsewhere:1');
});
