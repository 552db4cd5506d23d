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
