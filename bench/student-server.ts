/**
 * `npm run bench:students`: how fast the demo's student answers through the student server, what switching adapters
 * costs, and what eight adapters cost against one. The floor is node-llama-cpp alone, in the same run.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message } from '../contracts/chat.ts';
import { ensureLanguageModelParts } from '../infra/language-model/language-model-parts.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { cacheFolder } from '../platform/home.ts';
import { createLogger } from '../platform/logger.ts';
import { createLanguageModelEngine } from '../serving/language-model/engine.ts';
import { promptWriter } from '../serving/language-model/prompt.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { benchEmbedder } from './embedder-folder.ts';
import { bareLlama } from './student-server/bare-llama.ts';
import { demoStudent, storeStudents } from './student-server/demo-student.ts';
import { quantile } from './student-server/quantile.ts';
import { startBenchServer } from './student-server/server-process.ts';
import { testRows } from './trainer/curated-rows.ts';

const ADAPTERS = 8;
/** One after the other, in turns of so many answers each, so that what else the machine does meets all alike. */
const TURNS = 6;
const ANSWERS_A_TURN = 50;
const SWITCHES = 30;
const LOAD_TURNS = 5;
const LOAD_ANSWERS = 400;

const env = loadEnvironment();
const log = createLogger('bench', 'warn');
const say = (line: string) => console.error(`students: ${line}`);
const parts = await ensureLanguageModelParts(env, { cacheFolder: cacheFolder(env), say, progress: say }, process.env);
const student = await demoStudent(parts, { cache: cacheFolder(env), embedderFolder: await benchEmbedder(env), log });
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-bench-'));
const artifacts = openArtifactStore(`file:${join(folder, 'artifacts')}`);
const manifests = await storeStudents(artifacts, student, ADAPTERS);
const rows = testRows();

const bare = await bareLlama({ ...student, contextTokens: student.described.contextTokens }, log);
const engine = createLanguageModelEngine({ artifacts, folder: join(folder, 'copies'), gpu: false, threads: 2, log });
const server = await startBenchServer({ artifactsUrl: artifacts.url, home: join(folder, 'home'), connections: ADAPTERS });
const write = promptWriter({ manifest: student.described, bosToken: '', eosToken: '' });
const textOf = (messages: Message[]) => write(messages)[0]!.text;

/** Milliseconds of each answer, one after the other. */
async function timed(answer: (messages: Message[]) => Promise<string>, from: number, count: number) {
  const milliseconds: number[] = [];
  const answers: string[] = [];
  for (let index = from; index < from + count; index++) {
    const { messages } = rows[index % rows.length]!;
    const began = performance.now();
    answers.push(await answer(messages));
    milliseconds.push(performance.now() - began);
  }
  return { milliseconds, answers };
}

async function answerTimes() {
  const ways = {
    'node-llama-cpp alone': (messages: Message[]) => bare.answer(textOf(messages)),
    'engine, in process': async (messages: Message[]) => (await engine.complete(manifests[0]!, { messages })).text,
    'student server': (messages: Message[]) => server.answer('student-0', messages),
  };
  const times: Record<string, number[]> = {};
  const answers: Record<string, string[]> = {};
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const [name, way] of Object.entries(ways)) {
      const result = await timed(way, turn * ANSWERS_A_TURN, ANSWERS_A_TURN);
      // The first turn warms up.
      if (turn > 0) (times[name] ??= []).push(...result.milliseconds);
      (answers[name] ??= []).push(...result.answers);
    }
  }
  const expected = Array.from({ length: ANSWERS_A_TURN * (TURNS + 1) }, (_, i) => rows[i % rows.length]!.answer);
  return Object.entries(times).map(([name, all]) => ({
    name,
    p50Ms: quantile(all, 0.5),
    p95Ms: quantile(all, 0.95),
    n: all.length,
    accuracy: answers[name]!.filter((answer, i) => answer === expected[i]).length / expected.length,
  }));
}

/** From an adapter that is not loaded to one that can answer, its base being there; and between two that are. */
async function switches() {
  const loading: number[] = [];
  const [first, second] = [manifests[0]!, manifests[1]!];
  await engine.prepare(first);
  for (let i = 0; i < SWITCHES; i++) {
    await engine.release(second);
    const began = performance.now();
    await engine.prepare(second);
    loading.push(performance.now() - began);
  }
  const changing: number[] = [];
  for (let i = 0; i < 2 * SWITCHES; i++) {
    const began = performance.now();
    await engine.complete(i % 2 ? first : second, { messages: rows[i]!.messages });
    changing.push(performance.now() - began);
  }
  return { loadP50Ms: quantile(loading, 0.5), loadP95Ms: quantile(loading, 0.95), changeP50Ms: quantile(changing, 0.5), n: SWITCHES };
}

/** Seconds of the same load, on one adapter and spread over all. */
async function load() {
  const run = async (adapters: number) => {
    let next = 0;
    const began = performance.now();
    const connection = async (index: number) => {
      for (let row = next++; row < LOAD_ANSWERS; row = next++)
        await server.answer(`student-${index % adapters}`, rows[row % rows.length]!.messages);
    };
    await Promise.all(Array.from({ length: ADAPTERS }, (_, index) => connection(index)));
    return (performance.now() - began) / 1000;
  };
  const seconds: Record<'one' | 'all', number[]> = { one: [], all: [] };
  for (let turn = 0; turn <= LOAD_TURNS; turn++) {
    const [one, all] = [await run(1), await run(ADAPTERS)];
    if (turn === 0) continue;
    seconds.one.push(one);
    seconds.all.push(all);
  }
  const [one, all] = [quantile(seconds.one, 0.5), quantile(seconds.all, 0.5)];
  return { connections: ADAPTERS, answers: LOAD_ANSWERS, oneSeconds: one, allSeconds: all, ratio: all / one, turns: seconds };
}

try {
  for (const [index, manifest] of manifests.entries()) await server.put(`student-${index}`, manifest);
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version };
  const results = { machine, answers: await answerTimes(), switches: await switches(), load: await load() };
  console.table(
    results.answers.map(({ name, p50Ms, p95Ms, accuracy, n }) => ({ name, 'p50 ms': ms(p50Ms), 'p95 ms': ms(p95Ms), accuracy, n })),
  );
  const { switches: switching, load: loaded } = results;
  console.table([
    { what: 'load an adapter on a loaded base', 'p50 ms': ms(switching.loadP50Ms), 'p95 ms': ms(switching.loadP95Ms) },
    { what: 'an answer after one of another adapter', 'p50 ms': ms(switching.changeP50Ms) },
  ]);
  console.table([{ 'one adapter, s': ms(loaded.oneSeconds), [`${ADAPTERS} adapters, s`]: ms(loaded.allSeconds), ratio: ms(loaded.ratio) }]);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/student-server.json', `${JSON.stringify(results, null, 2)}\n`);
} finally {
  await server.stop();
  await engine.close();
  await bare.close();
  rmSync(folder, { recursive: true, force: true });
}

function ms(value: number): number {
  return Math.round(value * 100) / 100;
}
