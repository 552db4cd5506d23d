/** `npm run demo`: the loop, end to end, on one machine, with Banking77's messages. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Evaluation, Stillhouse } from '../../clients/sdk/index.ts';
import { DEMO_LABELS, demoMessages } from './banking77.ts';
import { startChaos } from './demo-chaos.ts';
import { demoConfiguration, demoOptions, type DemoOptions } from './demo-options.ts';
import { cheapestGoodStudent, median, renderReport, studentReport, type DemoReport, type StudentReport } from './demo-report.ts';
import { startDemoStack, type DemoStack } from './demo-stack.ts';
import { awaitStored, countTraces } from './demo-traces.ts';
import { distil, makeDataset, moveAlias, patient } from './demo-steps.ts';
import { sendMessages, type Outcome } from './support-app.ts';
import { SIMULATED_MODEL, startTeacher } from './teacher.ts';

const ALIAS = 'support';
const CHAOS_EVERY_MS = 15_000;
const DESCRIPTIONS = { encoder: 'an encoder', lora: "a language model (LoRA on the project's own small base)" };

const began = performance.now();
const say = (text: string) => console.log(text);
const step = (text: string) => say(`\n▸ ${text}`);

async function main(options: DemoOptions): Promise<void> {
  const home = resolve(process.env['STILLHOUSE_HOME'] ?? './.stillhouse');
  const teacher = options.simulated ? await startTeacher() : null;
  mkdirSync(home, { recursive: true });
  const configurationPath = join(home, 'demo.yaml');
  writeFileSync(
    configurationPath,
    demoConfiguration(options, teacher?.url ?? null, process.env['STILLHOUSE_CONFIG'] ?? './stillhouse.yaml'),
  );

  // What a language model takes is built beside the rest: the day with the teacher is long enough for most of it.
  const students = options.students.includes('lora') ? { STILLHOUSE_STUDENTS: 'at-start' } : {};
  const stack = await startDemoStack(home, configurationPath, students);
  const end = async () => {
    await stack.stop();
    await teacher?.close();
  };
  process.once('SIGINT', () => void end().then(() => process.exit(130)));
  try {
    await play(options, home, stack);
    if (!options.exit) {
      say('\nThe stack stays up to be looked at; Ctrl-C stops it.');
      await stack.ended;
    }
  } finally {
    await end();
  }
}

async function play(options: DemoOptions, home: string, stack: DemoStack): Promise<void> {
  const gateway = stack.address('gateway')!;
  const adminKey = process.env['STILLHOUSE_ADMIN_KEY'] ?? readFileSync(join(home, 'secrets', 'admin-key'), 'utf8').trim();
  const api = new Stillhouse({ url: gateway, apiKey: adminKey });
  const run = `demo-${randomUUID().slice(0, 8)}`;
  const send = (file: 'train' | 'test', concurrency: number) =>
    sendMessages(demoMessages(file), {
      baseURL: `${gateway}/v1`,
      apiKey: adminKey,
      run,
      concurrency,
      onProgress: (answered) => answered % 200 === 0 && say(`  ${answered} messages answered`),
    });

  step(
    `Day 0: the alias "${ALIAS}" points to ${options.teacher}${options.simulated ? `. It is SIMULATED (${SIMULATED_MODEL}): 94 % right, 300–900 ms, gpt-4o's price` : ''}`,
  );
  await patient('The alias', () => api.aliases.set(ALIAS, { targets: [{ target: options.teacher, weight: 1 }], reason: 'demo, day 0' }));
  const chaos = options.chaos ? startChaos(stack.parts, CHAOS_EVERY_MS, (name) => say(`  ✗ SIGKILL ${name}`)) : null;

  step("The app sends customers' messages through the gateway, with the ordinary openai client");
  const before = await send('train', 32);
  say(`  ${before.answered} answered by the teacher, ${percentRight(before)} right`);
  await awaitStored(stack, run, before.calls);

  step('A dataset from the recorded traces');
  const dataset = await makeDataset(api, { name: ALIAS, run, alias: ALIAS, labels: [...DEMO_LABELS] });
  say(
    `  ${dataset.name} v${dataset.version}: ${dataset.rows.train} train, ${dataset.rows.validation} validation, ${dataset.rows.test} test rows`,
  );

  const students: StudentReport[] = [];
  let evaluation: Evaluation | null = null;
  for (const student of options.students) {
    step(`Distil ${DESCRIPTIONS[student]}: generate → curate → train → export → evaluate → register`);
    const request = { name: `${run}-${student}`, dataset: ALIAS, datasetVersion: dataset.version, teacher: options.teacher, student };
    const distillation = await distil(api, request, say);
    students.push(studentReport(distillation));
    evaluation ??= distillation.evaluation;
  }

  const chosen = cheapestGoodStudent(students);
  step(
    chosen
      ? `The alias "${ALIAS}" moves to the cheapest student that is not worse: ${chosen.name}`
      : 'No student proved itself: the alias stays',
  );
  if (chosen) await moveAlias(api, ALIAS, chosen.name, `demo: ${chosen.decision.replace('_', ' ')}`);

  step('The same app again, with messages that nobody has seen');
  const after = await send('test', 4);
  chaos?.stop();
  await awaitStored(stack, run, after.calls);

  const calls = new Set([...before.calls, ...after.calls]);
  const report: DemoReport = {
    teacher: {
      accuracy: evaluation!.teacher.accuracy,
      usdPer1k: evaluation!.teacher.usdPer1k,
      p50Ms: median(before.latenciesMs),
      simulated: options.simulated,
    },
    students,
    alias: { name: ALIAS, before: options.teacher, after: chosen?.name ?? options.teacher },
    traces: await countTraces(stack, run, calls),
    durationS: Math.round((performance.now() - began) / 100) / 10,
    interruptions: chaos?.strikes() ?? 0,
  };
  const path = join(home, 'demo-report.json');
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  say(`\n${renderReport(report, { accuracy: after.right / after.answered, n: after.answered, p50Ms: median(after.latenciesMs) ?? 0 })}`);
  say(`\nReport       ${path}`);
  say(`Console      ${gateway}/   (admin key: ${join(home, 'secrets', 'admin-key')})`);
  const overview = await patient('The overview', () => api.overview());
  if (overview.temporalUi) say(`Temporal UI  ${overview.temporalUi}`);
}

const percentRight = (outcome: Outcome) => `${((100 * outcome.right) / Math.max(1, outcome.answered)).toFixed(1)} %`;

try {
  await main(demoOptions(process.argv.slice(2), process.stdout.isTTY));
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exit(1);
}
