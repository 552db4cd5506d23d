import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';

// What only the embedded one does: it has no password, so it keeps others out by where they come from.
let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

const post = (body: string, headers: Record<string, string> = {}) => fetch(clickhouse.url, { method: 'POST', body, headers });

it.each([
  ['a page of another site', { origin: 'https://evil.example' }],
  ['a page without a site', { origin: 'null' }],
  ['a name bound to loopback', { host: 'evil.example:8123' }],
  ['a name that begins like ours', { host: '127.0.0.1.evil.example' }],
])('refuses %s', async (_, headers) => {
  // fetch sets Host itself.
  const status = await new Promise<number>((resolve, reject) => {
    const sent = request(clickhouse.url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    sent.on('error', reject);
    sent.end('SELECT 1');
  });
  expect(status).toBe(403);
});

it.each([
  "SELECT * FROM file('/etc/passwd', 'LineAsString')",
  "SELECT 1 INTO OUTFILE '/tmp/x'",
  "INSERT INTO traces FROM INFILE '/etc/passwd' FORMAT LineAsString",
  "INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1",
  "INSERT INTO traces SELECT * FROM /* here */ File ('/etc/passwd')",
  'CREATE TABLE f (a String) ENGINE = File(CSV)',
  "SELECT * FROM executable('x.sh', 'CSV', 'a String')",
])('reads no files and starts no programs: %s', async (query) => {
  const response = await post(query);
  expect(await response.text()).toContain('ACCESS_DENIED');
  expect(response.status).toBe(403);
});

it("lets no statement change the next one's session", async () => {
  await post('SET max_block_size = 4321');
  await post('USE system');
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => (await post("SELECT getSetting('max_block_size'), currentDatabase()")).text()),
  );
  expect(new Set(answers)).toEqual(new Set(['65409\tdefault\n']));
});

it('says that it has no sessions', async () => {
  const response = await fetch(`${clickhouse.url}/?session_id=s`, { method: 'POST', body: 'SELECT 1' });
  expect(response.status).toBe(501);
});

it('answers GET with reads only', async () => {
  const url = `${clickhouse.url}/?query=${encodeURIComponent('CREATE TABLE made_by_get (n UInt8) ENGINE = Memory')}`;
  expect(await (await fetch(url)).text()).toContain('READONLY');
  expect(await (await fetch(`${clickhouse.url}/?query=SELECT%201`)).text()).toBe('1\n');
});

it('goes on after a body that is no query', async () => {
  for (const body of ['', ';', '\0\0', '((((', "'", 'INSERT', 'INSERT INTO', '{', '/*', 'SELECT {x:', '$$']) {
    const response = await post(body);
    expect({ body, refused: response.status >= 400 }).toEqual({ body, refused: true });
    await response.text();
  }
  expect(await (await post('SELECT 1')).text()).toBe('1\n');
});

it('serves more clients at once than it has sessions', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, async (_, n) => (await post(`SELECT ${n} WHERE sleep(0.05) = 0`)).text()));
  expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => `${n}\n`));
});

it('leaves the folder to its holder', async () => {
  const home = dirname(clickhouse.folder);
  const second = spawnSync(process.execPath, ['infra/clickhouse/main.ts'], {
    env: { ...process.env, STILLHOUSE_HOME: home, STILLHOUSE_CLICKHOUSE_PORT: '0' },
    encoding: 'utf8',
  });
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/^The ClickHouse folder .* is in use by process \d+\n$/);
});
