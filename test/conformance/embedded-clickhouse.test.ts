import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
  ['an image of a page, which has no Origin', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
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
  "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
  'SELECT * FROM default.`/etc/passwd`',
  "SELECT * FROM '/etc/passwd'",
  'CREATE DATABASE f ENGINE = Filesystem',
  "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
  "INSERT INTO FUNCTION url('http://127.0.0.1:9/', 'CSV') SELECT 1",
  "SELECT * FROM s3('http://127.0.0.1:9/b/x.csv')",
  "SELECT * FROM icebergS3('http://127.0.0.1:9/b')",
  "SELECT * FROM remote('127.0.0.1:9', system.one)",
  "SELECT * FROM mysql('127.0.0.1:9', 'd', 't', 'u', 'p')",
  "CREATE TABLE f (a String) ENGINE = PostgreSQL('127.0.0.1:9', 'd', 't', 'u', 'p')",
  "CREATE DICTIONARY f (a UInt64) PRIMARY KEY a SOURCE(HTTP(url 'http://127.0.0.1:9/' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
])('reads no files, starts no programs and calls no other servers: %s', async (query) => {
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

it.each(['GET', 'PUT'])('answers %s with reads only, whatever its address says', async (method) => {
  await (await post('CREATE TABLE IF NOT EXISTS not_by_get (n UInt8) ENGINE = MergeTree ORDER BY n')).text();
  const ask = async (query: string, more = '') =>
    (await fetch(`${clickhouse.url}/?query=${encodeURIComponent(query)}${more}`, { method })).text();
  const changes = [
    'CREATE TABLE made_by_get (n UInt8) ENGINE = Memory',
    'DROP TABLE not_by_get',
    'INSERT INTO not_by_get SELECT 1',
    'INSERT INTO not_by_get VALUES (1)',
    'WITH 1 AS n INSERT INTO not_by_get SELECT n',
    'WITH 1 AS n INSERT INTO not_by_get SELECT n SETTINGS readonly = 0',
  ];
  for (const query of changes) {
    for (const more of ['', '&readonly=0', '&readonly=']) expect(await ask(query, more), `${query} ${more}`).toContain('READONLY');
  }
  expect(await ask('SELECT count() FROM not_by_get', '&readonly=0')).toBe('0\n');
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

it('is of the release that compose.yaml runs as a server', async () => {
  const [, release] = /image: clickhouse\/clickhouse-server:(\d+\.\d+)/.exec(readFileSync('compose.yaml', 'utf8'))!;
  expect(await (await post('SELECT version()')).text()).toMatch(new RegExp(`^${release!.replace('.', '\\.')}\\.`));
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
