/** What the provider answers with instead. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);
const JOB_FIELDS = new Set(['model', 'training_file', 'validation_file', 'method', 'seed', 'suffix', 'metadata']);
const MODEL = 'small-1';
const refuse = (message: string): never => {
  throw new Refusal(400, message);
};

/** Takes an upload apart; refuses what OpenAI refuses. */
export async function checkTrainingFile(form: FormData): Promise<{ filename: string; content: string; purpose: string }> {
  const fields = [...form.keys()].sort().join();
  if (fields !== 'file,purpose') refuse(`Unrecognized request arguments: ${fields}`);
  const purpose = form.get('purpose');
  if (purpose !== 'fine-tune') refuse(`'${JSON.stringify(purpose)}' is not one of the purposes`);
  const file = form.get('file');
  if (!(file instanceof File)) return refuse("'file' is no file");
  if (!file.name.endsWith('.jsonl')) refuse('Invalid file format for Fine-Tuning API. Must be .jsonl');
  const content = await file.text();
  if (!content.endsWith('\n')) refuse('the file is cut off');
  for (const [i, line] of content.trimEnd().split('\n').entries()) checkExample(line, i + 1);
  return { filename: file.name, content, purpose: 'fine-tune' };
}

function checkExample(line: string, number: number): void {
  const example = JSON.parse(line) as Record<string, unknown>;
  if (Object.keys(example).join() !== 'messages') refuse(`Line ${number}: unknown keys ${Object.keys(example).join()}`);
  const messages = example['messages'] as { role: string; content: unknown }[];
  if (!Array.isArray(messages) || messages.length < 2) refuse(`Line ${number}: too few messages`);
  for (const { role, content } of messages) if (!ROLES.has(role) || content === undefined) refuse(`Line ${number}: bad message`);
  const last = messages.at(-1)!;
  if (last.role !== 'assistant' || typeof last.content !== 'string' || last.content === '')
    refuse(`Line ${number}: no answer of an assistant`);
}

/** Takes a job's request apart; `contentOf` is a file's content by its id. */
export function checkJobRequest(body: Record<string, unknown>, contentOf: (id: string) => string | null) {
  for (const field of Object.keys(body)) if (!JOB_FIELDS.has(field)) refuse(`Unrecognized request argument supplied: ${field}`);
  const { model, training_file, validation_file, method, seed, suffix, metadata } = body;
  if (model !== MODEL) throw new Refusal(404, `The model ${JSON.stringify(model)} does not exist or can't be fine-tuned`);
  const training = contentOf(JSON.stringify(training_file).slice(1, -1));
  if (training === null) refuse(`invalid training_file: ${JSON.stringify(training_file)}`);
  if (training!.trimEnd().split('\n').length < 10) refuse('Training file has too few examples: at least 10');
  if (validation_file !== undefined && contentOf(JSON.stringify(validation_file).slice(1, -1)) === null)
    refuse(`invalid validation_file: ${JSON.stringify(validation_file)}`);
  const { type, supervised, ...rest } = (method ?? {}) as { type?: string; supervised?: { hyperparameters?: Record<string, unknown> } };
  const { n_epochs: epochs, batch_size: batch, ...unknown } = supervised?.hyperparameters ?? {};
  if (type !== 'supervised' || Object.keys(rest).length > 0 || Object.keys(unknown).length > 0) refuse('bad method');
  if (!isWhole(epochs, 50)) refuse(`bad n_epochs: ${JSON.stringify(epochs)}`);
  if (batch !== undefined && !isWhole(batch, 256)) refuse(`bad batch_size: ${JSON.stringify(batch)}`);
  if (typeof seed !== 'number' || !Number.isInteger(seed)) refuse('bad seed');
  if (typeof suffix !== 'string' || !/^[A-Za-z0-9-]{1,64}$/.test(suffix)) refuse(`bad suffix: ${JSON.stringify(suffix)}`);
  const pairs = Object.entries((metadata ?? {}) as Record<string, unknown>);
  if (pairs.length > 16 || pairs.some(([key, value]) => key.length > 64 || typeof value !== 'string' || value.length > 512))
    refuse('bad metadata');
  return { ...body, model: MODEL } as unknown as { model: string; training_file: string; metadata: Record<string, string>; seed: number };
}

function isWhole(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}
