import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkJobRequest, checkTrainingFile, Refusal } from './mock-tuning-rules.ts';

/** A file as the provider keeps it. */
export interface MockFile {
  id: string;
  filename: string;
  bytes: number;
  purpose: string;
  created_at: number;
  object: 'file';
  status: 'processed';
  content: string;
}

/** A job as the provider shows it, and what is to become of it. */
export interface MockJob {
  id: string;
  object: 'fine_tuning.job';
  created_at: number;
  model: string;
  status: 'validating_files' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  error: { code: string; message: string; param: string | null } | null;
  fine_tuned_model: string | null;
  trained_tokens: number | null;
  training_file: string;
  validation_file: string | null;
  metadata: Record<string, string>;
  seed: number;
  [other: string]: unknown;
}

/** A provider that tunes models and answers with them, as OpenAI's API does; strict in what it takes. */
export interface MockTuningApi {
  url: string;
  key: string;
  files: MockFile[];
  jobs: MockJob[];
  /** Answers of tuned models that were delivered. */
  answered: number;
  /** Requests, as "POST /v1/files". */
  requests: string[];
  /** What becomes of a job at its third look; `hold`: it goes on running until the test says otherwise. */
  fate: 'succeeded' | 'failed' | 'cancelled' | 'hold';
  /** What a job that has succeeded says that it has trained on. */
  trainedTokens: number | null;
  /** Refuses the next files with this sentence. */
  refuseFiles: string | null;
  /** Jobs are begun, and their answers kept back until then. */
  holdJobs: Promise<void> | null;
  /** Does what is asked by this request, once, and cuts the connection instead of answering. */
  cutNext: string | null;
  stop(): Promise<void>;
}

const PAGE = 2;
export const TRAINED_TOKENS = 1_000_000;

/** Starts it. `answerTo` is what a tuned model says to a prompt. */
export async function startMockTuningApi(answerTo: (prompt: string) => string): Promise<MockTuningApi> {
  const looks = new Map<string, number>();
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ status, body }) => {
        const asked = `${request.method} ${request.url!.split('?')[0]}`;
        if (mock.cutNext === asked) {
          mock.cutNext = null;
          response.destroy();
          return;
        }
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const mock: MockTuningApi = {
    url: '',
    key: 'sk-tuner',
    files: [],
    jobs: [],
    answered: 0,
    requests: [],
    fate: 'succeeded',
    trainedTokens: TRAINED_TOKENS,
    refuseFiles: null,
    holdJobs: null,
    cutNext: null,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const url = new URL(request.url!, 'http://mock');
    const asked = `${request.method} ${url.pathname}`;
    mock.requests.push(asked);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    try {
      if (request.headers.authorization !== `Bearer ${mock.key}`) throw new Refusal(401, 'Incorrect API key provided');
      if (asked === 'POST /v1/files') return { status: 200, body: shown(await addFile(request.headers['content-type'] ?? '', bytes)) };
      if (asked === 'GET /v1/files') {
        const purpose = url.searchParams.get('purpose');
        return { status: 200, body: page(mock.files.filter((file) => file.purpose === purpose).map(shown), url) };
      }
      if (asked === 'POST /v1/fine_tuning/jobs') {
        const job = addJob(JSON.parse(bytes.toString()) as Record<string, unknown>);
        await mock.holdJobs;
        return { status: 200, body: job };
      }
      if (asked === 'GET /v1/fine_tuning/jobs') return { status: 200, body: page(mock.jobs, url) };
      if (asked === 'POST /v1/chat/completions') return { status: 200, body: completion(JSON.parse(bytes.toString()) as ChatBody) };
      const [, what, id, action] = /^\/v1\/(files|fine_tuning\/jobs|models)\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
      if (what === 'files' && request.method === 'GET') return { status: 200, body: shown(found(mock.files, id!)) };
      if (what === 'models') {
        if (!mock.jobs.some((job) => job.fine_tuned_model === decodeURIComponent(id!))) throw new Refusal(404, 'The model does not exist');
        return { status: 200, body: { id, object: 'model' } };
      }
      if (what === 'fine_tuning/jobs') {
        const job = found(mock.jobs, id!);
        if (request.method === 'POST' && action === 'cancel') return { status: 200, body: cancel(job) };
        if (request.method === 'GET' && action === 'events') return { status: 200, body: page(eventsOf(job), url) };
        if (request.method === 'GET' && action === undefined) return { status: 200, body: look(job) };
      }
      throw new Refusal(404, `Invalid URL (${asked})`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: { error: { message: error.message, type: 'invalid_request_error', param: null, code: null } } };
    }
  }

  async function addFile(contentType: string, bytes: Buffer): Promise<MockFile> {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData();
    if (mock.refuseFiles !== null) throw new Refusal(400, mock.refuseFiles);
    const { filename, content, purpose } = await checkTrainingFile(form);
    const file: MockFile = {
      id: `file-${mock.files.length + 1}`,
      object: 'file',
      filename,
      bytes: Buffer.byteLength(content),
      purpose,
      created_at: 1_790_000_000 + mock.files.length,
      status: 'processed',
      content,
    };
    mock.files.push(file);
    return file;
  }

  function addJob(body: Record<string, unknown>): MockJob {
    const asked = checkJobRequest(body, (id) => mock.files.find((file) => file.id === id)?.content ?? null);
    const job: MockJob = {
      id: `ftjob-${mock.jobs.length + 1}`,
      object: 'fine_tuning.job',
      created_at: 1_790_000_000 + mock.jobs.length,
      status: 'validating_files',
      error: null,
      fine_tuned_model: null,
      trained_tokens: null,
      validation_file: null,
      ...asked,
    };
    mock.jobs.push(job);
    return job;
  }

  /** A job moves by being looked at. */
  function look(job: MockJob): MockJob {
    const n = (looks.get(job.id) ?? 0) + 1;
    looks.set(job.id, n);
    if (job.status === 'validating_files') job.status = 'running';
    else if (job.status === 'running' && n > 2 && mock.fate !== 'hold') {
      job.status = mock.fate;
      if (mock.fate === 'succeeded')
        Object.assign(job, {
          fine_tuned_model: `ft:${job.model}:acme:${String(job['suffix'])}:${job.id}`,
          trained_tokens: mock.trainedTokens,
        });
      if (mock.fate === 'failed')
        job.error = {
          code: 'invalid_training_file',
          message: 'The job failed due to an invalid training file. Line 7 is no example.',
          param: 'training_file',
        };
    }
    return job;
  }

  function cancel(job: MockJob): MockJob {
    if (['succeeded', 'failed', 'cancelled'].includes(job.status)) throw new Refusal(400, `The job ${job.id} has already ended`);
    job.status = 'cancelled';
    return job;
  }

  function completion({ model, messages }: ChatBody): object {
    if (!mock.jobs.some((job) => job.fine_tuned_model === model)) throw new Refusal(404, `The model ${model} does not exist`);
    mock.answered++;
    const content = answerTo(messages.at(-1)!.content.trim());
    const usage = { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 };
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    return { id: 'chatcmpl-tuned', object: 'chat.completion', created: 1, model, choices, usage };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  mock.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return mock;
}

interface ChatBody {
  model: string;
  messages: { content: string }[];
}

function shown(file: MockFile): MockFile {
  // JSON leaves it out.
  return { ...file, content: undefined as never };
}

function found<T extends { id: string }>(all: readonly T[], id: string): T {
  const one = all.find((known) => known.id === id);
  if (!one) throw new Refusal(404, `No such object: ${id}`);
  return one;
}

/** The newest first, two at a time, whatever was asked: pages are always met. */
function page(all: readonly { id: string }[], url: URL): object {
  const newest = all.toReversed();
  const after = url.searchParams.get('after');
  const from = after === null ? 0 : newest.findIndex(({ id }) => id === after) + 1;
  const data = newest.slice(from, from + PAGE);
  return { object: 'list', data, has_more: from + PAGE < newest.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

/** What a job has said, the oldest first. */
function eventsOf(job: MockJob): { id: string }[] {
  const event = (n: number, more: object) => ({
    id: `ftevent-${job.id}-${n}`,
    object: 'fine_tuning.job.event',
    created_at: job.created_at + n,
    level: 'info',
    ...more,
  });
  const metrics = (n: number, step: number, loss: number) =>
    event(n, {
      type: 'metrics',
      message: `Step ${step}/20: training loss=${loss}`,
      data: { step, total_steps: 20, train_loss: loss, valid_loss: loss + 0.1 },
    });
  const events = [event(1, { type: 'message', message: 'Created fine-tuning job' })];
  if (job.status === 'validating_files') return events;
  events.push(event(2, { type: 'message', message: 'Fine-tuning job started' }), metrics(3, 10, 0.7), metrics(4, 20, 0.2));
  if (job.status === 'succeeded') events.push(event(5, { type: 'message', message: 'The job has successfully completed' }));
  return events;
}
