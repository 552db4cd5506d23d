import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { Environment } from '../../contracts/environment.ts';
import { SEARCH_ATTRIBUTES } from '../../contracts/names.ts';
import { PROGRAMS } from '../../infra/supervisor/stack-parts.ts';

// No container engine runs here: what can be checked without one is checked (docs/unverified.md has the rest).
const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string) => readFileSync(`${root}${name}`, 'utf8');

interface Service {
  image?: string;
  build?: unknown;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: unknown;
}
interface Compose {
  services: Record<string, Service>;
  volumes?: Record<string, unknown>;
}

function compose(name: string): Compose {
  const document = parseDocument(read(name), { merge: true });
  expect(document.errors).toEqual([]);
  return document.toJS() as Compose;
}

const { services, volumes } = compose('compose.yaml');
const ours = Object.entries(services).filter(([, service]) => /^stillhouse(:|$)/.test(service.image ?? ''));

test('every program of the stack but the embedded engine is a service, and its file exists', () => {
  const commands = ours.map(([, service]) => service.command!.at(-1)!);
  const { clickhouse: _, ...programs } = PROGRAMS;
  expect(new Set(commands)).toEqual(new Set(Object.values(programs)));
  expect(commands.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
});

test.each(ours)('%s: every variable of ours is in the contract, and the environment parses', (_, service) => {
  const environment = service.environment!;
  const own = Object.keys(environment).filter((name) => /^(STILLHOUSE|CLICKHOUSE)_/.test(name));
  expect(own.filter((name) => !(name in Environment.shape))).toEqual([]);
  expect(Environment.safeParse(environment).success).toBe(true);
});

test('what a service waits for exists and can be waited for', () => {
  const waits = Object.entries(services).flatMap(([name, service]) =>
    Object.entries(service.depends_on ?? {}).map(([other, { condition }]) => ({ name, other, condition })),
  );
  expect(waits.filter(({ other }) => !(other in services))).toEqual([]);
  expect(waits.filter(({ other, condition }) => condition === 'service_healthy' && !services[other]?.healthcheck)).toEqual([]);
});

test('named volumes are declared, and only loopback is published', () => {
  const mounts = Object.values(services).flatMap((service) => service.volumes ?? []);
  const named = mounts.map((mount) => mount.split(':')[0]!).filter((source) => !source.startsWith('.'));
  expect(new Set(named)).toEqual(new Set(Object.keys(volumes ?? {})));
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test('Temporal is given every search attribute of the contract', () => {
  const { command } = services['temporal-setup']!;
  const names = command!.filter((argument) => argument.startsWith('--name='));
  expect(names.map((argument) => argument.slice('--name='.length)).toSorted()).toEqual(Object.values(SEARCH_ATTRIBUTES).toSorted());
  expect(command!.filter((argument) => argument === '--type=Keyword')).toHaveLength(names.length);
});

test('the CUDA file changes services that exist, by the build argument that the Dockerfile has', () => {
  const cuda = compose('compose.cuda.yaml');
  expect(Object.keys(cuda.services).filter((name) => !(name in services))).toEqual([]);
  const { args } = cuda.services['gpu-worker']!.build as { args: Record<string, string> };
  for (const name of Object.keys(args)) expect(read('Dockerfile')).toMatch(new RegExp(`^ARG ${name}=`, 'm'));
});

test('every image that is built is a stage of the Dockerfile, only the GPU worker has the trainer, and it is told where that is', () => {
  const file = read('Dockerfile');
  const stages = file.split(/^FROM /m).slice(1);
  const stage = (name: string) => stages.find((text) => text.split('\n')[0]!.endsWith(` AS ${name}`));
  const targets = ours.map(([name, service]) => [name, (service.build as { target: string }).target] as const);
  expect(targets.filter(([, target]) => !stage(target))).toEqual([]);
  expect(targets.filter(([, target]) => target === 'gpu-worker').map(([name]) => name)).toEqual(['gpu-worker']);
  expect(stages.filter((text) => text.includes('infra/language-model/prepare.ts'))).toEqual([stage('gpu-worker')]);
  // The names under which prepare.ts prints them are those of the links.
  for (const name of ['STILLHOUSE_TRAINER', 'STILLHOUSE_BASE', 'STILLHOUSE_CONVERTERS']) {
    expect(stage('gpu-worker')).toContain(`${name}=/opt/stillhouse/${name}`);
    expect(read('infra/language-model/prepare.ts')).toContain(`${name}=$`);
  }
  expect(stages.at(-1)!.trim()).toBe('product');
});

test('what the Dockerfile copies exists, and its command is a program of ours', () => {
  const lines = read('Dockerfile').split('\n');
  const copied = lines
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(' ').slice(1, -1));
  expect(copied.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  const command = JSON.parse(lines.find((line) => line.startsWith('CMD '))!.slice('CMD '.length)) as string[];
  expect(Object.values(PROGRAMS)).toContain(command.at(-1));
});
