import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { ORIGINS, TRACE_KINDS, TRACE_STATUSES } from '../../contracts/traces.ts';
import { THUMBS, VERDICTS } from '../../contracts/feedback.ts';
import type { Feedback, FeedbackRequest, Stillhouse, Trace, TraceListFilter, TraceSummary, TraceView } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { ago, count, milliseconds, usd } from './format.ts';
import { keyNamed } from './keys.ts';
import type { Output } from './output.ts';

interface ListOptions extends TraceListFilter {
  limit: number;
}

/** The filters of traces, as options of a command. */
export function withTraceFilters(command: Command): Command {
  return command
    .option('--alias <name>', 'asked for by this alias')
    .option('--model <model>', 'model as asked for or as answered')
    .option('--target <target>', 'answered by this target')
    .addOption(new Option('--status <status>', 'how the call ended').choices(TRACE_STATUSES))
    .addOption(new Option('--origin <origin>', 'who called').choices(ORIGINS))
    .addOption(new Option('--kind <kind>', 'what was called').choices(TRACE_KINDS))
    .option('--since <time>', 'ISO time, or an age like 30m, 12h, 7d', pastTime)
    .option('--until <time>', 'ISO time, or an age', pastTime)
    .option('--metadata <key=value>', 'metadata pair; may be repeated', metadataPair)
    .option('--provider <id>', 'answered by this provider')
    .option('--cluster <id>', 'of this cluster')
    .option('--key <id>', 'called with this key: its id, or its name')
    .option('--session <id>', 'of this session')
    .option('--user <id>', 'of this user')
    .option('--min-cost-usd <dollars>', 'at least so dear', someNumber)
    .option('--max-cost-usd <dollars>', 'at most so dear', someNumber)
    .option('--min-latency-ms <ms>', 'at least so slow', someNumber)
    .option('--max-latency-ms <ms>', 'at most so slow', someNumber)
    .option('--text <words>', 'all these words in the last user message or the answer')
    .addOption(new Option('--verdict <verdict>', 'what people said of it').choices(VERDICTS));
}

/** The filters with the id of a key that was named. */
export async function withKeyId<Filter extends { key?: string | undefined }>(client: Stillhouse, filter: Filter): Promise<Filter> {
  return filter.key === undefined ? filter : { ...filter, key: await keyNamed(client, filter.key) };
}

/** `traces list` and `traces show`; the command, for more of its kind. */
export function addTraceCommands(program: Command, context: CliContext): Command {
  const traces = program.command('traces').description('recorded calls');
  withTraceFilters(traces.command('list', { isDefault: true }).description('newest first'))
    .option('-n, --limit <count>', 'how many', wholeNumber, 20)
    .option('--count', 'how many there are in all')
    .action(async ({ count: counted, ...options }: Omit<ListOptions, 'count'> & { count?: boolean }) => {
      const out = context.out();
      const { client } = context.connection();
      const page = await client.traces.page({ ...(await withKeyId(client, options)), ...(counted ? { count: 'true' as const } : {}) });
      out.print(page, () => {
        showTraces(out, page.items, page.nextCursor !== null, context.now());
        if (page.count) out.line(`\n${page.count.capped ? 'more than 10,000' : count(page.count.traces)} in all`);
      });
    });
  traces
    .command('show')
    .description('one call with its request, its answer and its attempts')
    .argument('<id>', 'id of the trace')
    .action(async (id: string) => {
      const out = context.out();
      const trace = await context.connection().client.traces.get(id);
      out.print(trace, () => showTrace(out, trace, context.now()));
    });
  traces
    .command('feedback')
    .description('says what a call was worth, or what its answer should have been')
    .argument('<id>', 'id of the trace')
    .addOption(new Option('--thumbs <thumbs>', 'good or bad').choices(THUMBS))
    .option('--score <score>', 'from 0 to 1', someNumber)
    .option('--comment <text>', 'why')
    .option('--corrected <answer>', 'what it should have been: a gold answer of datasets')
    .option('--user <id>', 'who says it')
    .option('--id <uuid>', 'sent again with the same id it is stored once')
    .action(async (trace: string, { corrected, ...said }: Omit<FeedbackRequest, 'trace_id'> & { corrected?: string }) => {
      const out = context.out();
      const request = { trace_id: trace, ...said, ...(corrected === undefined ? {} : { corrected_answer: corrected }) };
      const receipt = await context.connection().client.traces.feedback(request);
      out.print(receipt, () => out.line(`Noted, as ${receipt.id}.`));
    });
  return traces;
}

function showTraces(out: Output, items: readonly TraceSummary[], more: boolean, nowMs: number): void {
  if (items.length === 0) return out.line('No such traces. A call shows here about a second after it ended.');
  const rows = items.map((trace) => [
    trace.id,
    ago(trace.at, nowMs),
    statusOf(out, trace),
    trace.alias || trace.modelAsked,
    trace.target,
    milliseconds(trace.latencyMs),
    usd(trace.costUsd),
    trace.prompt,
    trace.status === 'ok' ? trace.answer : trace.errorMessage,
  ]);
  out.table(['id', 'when', 'status', 'asked', 'answered by', 'latency', 'cost', 'prompt', 'answer'], rows, {
    right: ['latency', 'cost'],
    elastic: ['prompt', 'answer'],
  });
  if (more) out.line(out.style('dim', '\nThere are older ones: --until, or a larger --limit.'));
}

function statusOf(out: Output, trace: Pick<TraceSummary, 'status' | 'errorClass' | 'httpStatus'>): string {
  if (trace.status === 'ok') return out.style('green', 'ok');
  if (trace.status === 'error') return out.style('red', trace.errorClass || `error ${trace.httpStatus}`);
  return out.style('yellow', trace.status);
}

function showTrace(out: Output, trace: TraceView, nowMs: number): void {
  out.facts([
    ['id', trace.id],
    ['when', `${trace.at}  (${ago(trace.at, nowMs)})`],
    ['status', statusOf(out, trace) + (trace.errorMessage ? `  ${trace.errorMessage}` : '')],
    ...(trace.kind === 'chat' ? [] : [['kind', trace.kind] as [string, string]]),
    ['asked', trace.alias ? `${trace.alias} (version ${trace.aliasVersion})` : trace.modelAsked],
    ['answered by', trace.target + (trace.modelAnswered ? `  (${trace.modelAnswered})` : '')],
    ['latency', milliseconds(trace.latencyMs) + (trace.streamed ? `, first token after ${milliseconds(trace.firstTokenMs)}` : '')],
    ['tokens', tokensOf(trace)],
    ['cost', costOf(trace)],
    ['bodies', trace.bodies === 'stored' ? '' : trace.bodies.replaceAll('_', ' ')],
    ['key', trace.keyId],
    ['user', trace.userId],
    ['session', trace.sessionId],
    ['tools called', trace.toolsCalled.join(', ')],
    [
      'metadata',
      Object.entries(trace.metadata)
        .map(([key, value]) => `${key}=${value}`)
        .join('  '),
    ],
  ]);
  if (trace.attempts.length > 1) {
    out.line();
    const rows = trace.attempts.map((attempt) => [
      attempt.target,
      String(attempt.status || '–'),
      attempt.errorClass || 'ok',
      milliseconds(attempt.latencyMs),
      usd(attempt.costUsd),
    ]);
    out.table(['attempt', 'http', 'result', 'latency', 'cost'], rows, { right: ['http', 'latency', 'cost'] });
  }
  for (const given of trace.feedback) out.line(`\n${out.style('bold', 'Feedback')} ${feedbackInWords(given, nowMs)}`);
  out.line(`\n${out.style('bold', 'Request')}\n${pretty(trace.request)}`);
  out.line(`\n${out.style('bold', 'Answer')}\n${pretty(trace.response)}`);
}

function feedbackInWords({ thumbs, score, comment, correctedAnswer, userId, at }: Feedback, nowMs: number): string {
  const said = [
    thumbs === null ? [] : [`thumbs ${thumbs}`],
    score === null ? [] : [`score ${score}`],
    comment === null ? [] : [comment],
    correctedAnswer === null ? [] : [`should have been: ${correctedAnswer}`],
  ];
  return `${said.flat().join(' · ')}  (${userId === '' ? '' : `${userId}, `}${ago(at, nowMs)})`;
}

function tokensOf({ tokensIn, tokensOut, tokensCached, tokensCacheWrite, tokensReasoning }: Trace): string {
  const parts = [
    [tokensCached, 'read from the cache'],
    [tokensCacheWrite, 'written to it'],
    [tokensReasoning, 'of reasoning'],
  ] as const;
  const more = parts.filter(([tokens]) => tokens > 0).map(([tokens, what]) => `${count(tokens)} ${what}`);
  return [`${count(tokensIn)} in, ${count(tokensOut)} out`, ...more].join(', ');
}

/** With its parts, where they are known, and what budgets count beside it. */
function costOf({ costUsd, costEstimatedUsd, costSplit }: Trace): string {
  const estimated = costEstimatedUsd ? `some ${usd(costEstimatedUsd)} estimated` : null;
  if (costUsd === null) return estimated === null ? usd(null) : `unknown, ${estimated}`;
  return `${usd(costUsd)}${partsOf(costSplit)}${estimated === null ? '' : `, and ${estimated} of attempts without an answer`}`;
}

function partsOf({ inputUsd, outputUsd, cachedUsd, cacheWriteUsd }: Trace['costSplit']): string {
  if (inputUsd === null || outputUsd === null) return '';
  const cache = (cachedUsd ?? 0) + (cacheWriteUsd ?? 0);
  return `  (input ${usd(inputUsd)}, output ${usd(outputUsd)}${cache > 0 ? `, cache ${usd(cache)}` : ''})`;
}

function pretty(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body, null, 2);
}

const AGE_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** An ISO time, from itself or from an age. */
export function pastTime(text: string): string {
  const age = /^(\d+)([mhd])$/.exec(text);
  const at = age ? Date.now() - Number(age[1]) * AGE_MS[age[2] as keyof typeof AGE_MS] : Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('must be an ISO time (2026-05-01T12:00:00Z) or an age (30m, 12h, 7d).');
  return new Date(at).toISOString();
}

/** Gathers `key=value` pairs of an option that may be repeated. */
export function metadataPair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('must be key=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** A whole number from 1 on. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 on.');
  return Number(text);
}

/** A number, of dollars or milliseconds. */
function someNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('must be a number.');
  return value;
}
