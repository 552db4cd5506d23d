import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryHome } from '../support/supervisor.ts';

const PROGRAM = fileURLToPath(new URL('../../infra/doctor.ts', import.meta.url));

interface Report {
  ok: boolean;
  findings: { name: string; status: string; text: string }[];
  values: Record<string, unknown>;
}

/** What the doctor prints and ends with. */
function doctor(env: NodeJS.ProcessEnv, args: string[] = ['--json']): Promise<{ code: number; text: string }> {
  const ports = {
    STILLHOUSE_PORT: '0',
    STILLHOUSE_CLICKHOUSE_PORT: '0',
    STILLHOUSE_TEMPORAL_PORT: '0',
    STILLHOUSE_TEMPORAL_UI_PORT: '0',
    STILLHOUSE_STUDENT_SERVER_PORT: '0',
  };
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...ports, ...env } }, (error, stdout, stderr) => {
      done({ code: (error?.code as number | undefined) ?? 0, text: stdout + stderr });
    });
  });
}

test('a machine that has everything; no secret is printed', async () => {
  const home = temporaryHome();
  const configuration = join(home, 'stillhouse.yaml');
  writeFileSync(
    configuration,
    'providers:\n  - { id: lab, kind: openai-compatible, baseUrl: "http://lab.example/v1", apiKeyEnv: LAB_KEY }\n',
  );
  const env = { STILLHOUSE_HOME: home, STILLHOUSE_CONFIG: configuration, STILLHOUSE_ADMIN_KEY: 'sk-hidden', LAB_KEY: 'sk-hidden-too' };
  const { code, text } = await doctor(env);
  expect(text).not.toContain('hidden');
  const report = JSON.parse(text) as Report;
  expect(report.findings.filter((finding) => finding.status === 'problem')).toEqual([]);
  expect(report.findings).toContainEqual({ name: 'provider lab', status: 'ok', text: 'http://lab.example/v1, 0 models, key from LAB_KEY' });
  expect(report.values).toMatchObject({ STILLHOUSE_ADMIN_KEY: '(set)', STILLHOUSE_HOME: home });
  expect({ code, ok: report.ok }).toEqual({ code: 0, ok: true });

  const forPeople = await doctor(env, []);
  expect(forPeople.text).toContain('The stack can start.');
  expect(forPeople.text).not.toContain('hidden');
});

test('a machine that lacks things: each with what to do, exit code 1', async () => {
  const home = temporaryHome();
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const port = String((server.address() as AddressInfo).port);
  const languageModels = { STILLHOUSE_TRAINER: '', STILLHOUSE_BASE: '/nowhere/base', STILLHOUSE_CONVERTERS: '' };
  const machine = { STILLHOUSE_CACHE: join(home, 'cache'), STILLHOUSE_CLICKHOUSE_PORT: port, PATH: '/nowhere' };
  const env = { STILLHOUSE_HOME: home, STILLHOUSE_CONFIG: join(home, 'mistyped.yaml'), ...machine, ...languageModels };
  const { code, text } = await doctor(env);
  const report = JSON.parse(text) as Report;
  const finding = (name: string) => report.findings.find((one) => one.name === name);
  expect(finding('providers')).toMatchObject({
    status: 'warning',
    text: expect.stringContaining(`there is no file ${join(home, 'mistyped.yaml')}`),
  });
  expect(finding('python')).toMatchObject({ status: 'problem', text: expect.stringContaining('install it') });
  expect(finding('npm')).toMatchObject({ status: 'warning' });
  expect(finding('git')).toMatchObject({ status: 'warning', text: expect.stringContaining('git is needed once, to unpack') });
  expect(finding('trainer')).toMatchObject({
    status: 'ok',
    text: expect.stringMatching(
      /^is built when a language-model student is first trained \([\d.]+ GB of Python packages\); \d+ GB are free there$/,
    ),
  });
  expect(finding('built-in base')).toEqual({ name: 'built-in base', status: 'warning', text: '/nowhere/base is set and is not there' });
  expect(finding(`port ${port}`)).toMatchObject({ status: 'problem', text: expect.stringContaining(`taken by process ${process.pid}`) });
  expect({ code, ok: report.ok }).toEqual({ code: 1, ok: false });
  server.close();
});

test('a configuration that is not usable is one sentence', async () => {
  const home = temporaryHome();
  writeFileSync(join(home, 'stillhouse.yaml'), 'limit: 3\n');
  const { code, text } = await doctor({ STILLHOUSE_HOME: home, STILLHOUSE_CONFIG: join(home, 'stillhouse.yaml') }, []);
  expect({ code, lines: text.trim().split('\n').length }).toEqual({ code: 1, lines: 1 });
  expect(text).toContain('stillhouse.yaml is not usable');
});
