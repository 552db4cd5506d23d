import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { SIMULATED_MODEL } from './teacher.ts';

/** What the demo was asked to do. */
export interface DemoOptions {
  /** Target of the teacher; the simulated one by default. */
  teacher: string;
  simulated: boolean;
  /** What is trained, in this order; the values of `distil`'s field `student`. */
  students: ('encoder' | 'lora')[];
  /** Strike a random part with SIGKILL every 15 s. */
  chaos: boolean;
  /** End when done instead of leaving the stack up to be looked at. */
  exit: boolean;
}

const STUDENTS: Partial<Record<string, DemoOptions['students']>> = { encoder: ['encoder'], lora: ['lora'], both: ['encoder', 'lora'] };

const USAGE = `npm run demo -- [options]
  --teacher provider/model   a real teacher instead of the simulated one, for example openai/gpt-4o
  --student encoder|lora     only that student; default: both
  --chaos                    SIGKILL to a random part every 15 s
  --exit                     end when done, in a terminal too`;

/** Reads the command line; throws with a sentence where it makes no sense. */
export function demoOptions(argv: string[], isTty: boolean): DemoOptions {
  const { values } = parseArgs({
    args: argv,
    options: {
      teacher: { type: 'string' },
      student: { type: 'string', default: 'both' },
      chaos: { type: 'boolean', default: false },
      exit: { type: 'boolean', default: !isTty },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) throw new Error(USAGE);
  const teacher = values.teacher ?? `simulated/${SIMULATED_MODEL}`;
  if (!/^[a-z0-9._-]+\/\S+$/.test(teacher)) throw new Error(`--teacher ${teacher}: say provider/model, for example openai/gpt-4o`);
  const students = STUDENTS[values.student];
  if (!students) throw new Error(`--student ${values.student}: say ${Object.keys(STUDENTS).join(', ')}`);
  return { teacher, simulated: values.teacher === undefined, students, chaos: values.chaos, exit: values.exit };
}

/** Prices per million tokens of the models that the demo knows; another one is priced in `stillhouse.yaml`. */
const OPENAI_PRICES: Record<string, [number, number]> = {
  'gpt-4o': [2.5, 10],
  'gpt-4o-mini': [0.15, 0.6],
  'gpt-4.1': [2, 8],
  'gpt-4.1-mini': [0.4, 1.6],
};

/** The demo's `stillhouse.yaml`, as JSON (which is YAML): the user's own providers and the teacher's. */
export function demoConfiguration(options: DemoOptions, simulatedUrl: string | null, userFile: string): string {
  const configuration = readUserFile(userFile);
  const providers = configuration.providers ?? [];
  const [id, model] = [options.teacher.slice(0, options.teacher.indexOf('/')), options.teacher.slice(options.teacher.indexOf('/') + 1)];
  if (simulatedUrl !== null) {
    providers.push({
      id: 'simulated',
      kind: 'openai-compatible',
      baseUrl: simulatedUrl,
      allowPrivateAddress: true,
      models: [{ id: SIMULATED_MODEL, inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 }],
    });
  } else if (!providers.some((provider) => provider['id'] === id)) {
    const price = OPENAI_PRICES[model];
    if (id !== 'openai' || !price)
      throw new Error(`The demo has no price for ${options.teacher}: add the provider and its price to ${userFile}.`);
    providers.push({
      id: 'openai',
      kind: 'openai-compatible',
      baseUrl: 'https://api.openai.com/v1',
      apiKeyEnv: 'OPENAI_API_KEY',
      models: [{ id: model, inputUsdPerMTok: price[0], outputUsdPerMTok: price[1] }],
    });
  }
  const provider = providers.find((one) => one['id'] === id);
  const keyName = provider?.['apiKeyEnv'];
  if (typeof keyName === 'string' && !process.env[keyName])
    throw new Error(`Set ${keyName}: ${options.teacher} is a paid model and needs its key.`);
  return JSON.stringify({ ...configuration, providers }, null, 2);
}

function readUserFile(path: string): { providers?: Record<string, unknown>[] } {
  try {
    return (parse(readFileSync(path, 'utf8')) ?? {}) as { providers?: Record<string, unknown>[] };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
