import { z } from 'zod';
import { GOLD_KEY, Message, lastUserText } from '../../contracts/chat.ts';
import { type BuildDatasetInput, DatasetFileLine, type DatasetRow } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { groupOf, splitOf } from '../../core/dataset/split.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { type Line, linesOfFile } from '../../platform/line-reader.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { correctedAnswers } from '../../store/clickhouse/feedback.ts';
import { type SourceTrace, datasetTraces } from '../../store/clickhouse/dataset-source.ts';

/** What the source has been read with. */
export interface SourceSetting {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
  /** Copies of artifacts lie here. */
  temporaryFolder: string;
}

/** A row before its place is known. */
export interface SourceRow {
  row: Omit<DatasetRow, 'position'>;
  gold: string | null;
  finishReason: string;
  /** For people: `line 12` or `trace 0198…`. */
  place: string;
  /** Why it is no row; null where it is one. */
  fault: string | null;
}

/** Fields of a request that are no sampling parameters. `seed` would make every sample the same. */
const NOT_PARAMETERS = [
  // of the gateway's own: by which API the call came, and whether its first message is one call's instructions
  'api',
  'instructed',
  'model',
  'messages',
  'tools',
  'response_format',
  'stream',
  'stream_options',
  'metadata',
  'store',
  'user',
  'n',
  'temperature',
  'seed',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
];

const RequestBody = z.looseObject({
  messages: z.array(Message).min(1),
  tools: z.array(z.unknown()).nullish(),
  response_format: z.unknown().optional(),
});

/** Every row of the source in pages, in an order that is the same at every reading. `until` is exclusive. */
export async function* sourceRows(setting: SourceSetting, input: BuildDatasetInput, until: string): AsyncGenerator<SourceRow[]> {
  if ('traces' in input.source) {
    for await (const page of datasetTraces(setting.clickhouse, input.project, input.source.traces, input.source.traces.until ?? until))
      yield await withGold(setting, input, page, until);
    return;
  }
  yield* fileRows(setting, input, input.source.file);
}

/** What somebody said the answer should have been comes before what the app knew when it called. */
async function withGold(setting: SourceSetting, input: BuildDatasetInput, page: SourceTrace[], until: string): Promise<SourceRow[]> {
  const ids = page.map(({ id }) => id);
  const corrected = await correctedAnswers(setting.clickhouse, input.project, ids, until);
  return page.map((trace) => rowOfTrace(trace, input, corrected.get(trace.id) ?? trace.metadata[GOLD_KEY]));
}

function rowOfTrace(trace: SourceTrace, input: BuildDatasetInput, goldAnswer: string | undefined): SourceRow {
  const body = RequestBody.safeParse(parseJson(trace.request));
  const messages = body.success ? body.data.messages : [];
  const row = {
    ...prompt(messages, body.data?.tools ?? null, body.data?.response_format ?? null, input),
    rowId: contentHash({ trace: trace.id }),
    parameters: Object.fromEntries(Object.entries(body.data ?? {}).filter(([name]) => !NOT_PARAMETERS.includes(name))),
    reference: input.task.kind === 'label' ? trace.answerText.trim() : trace.answerText,
    referenceTarget: trace.target,
    promptTokens: trace.tokensIn,
    traceId: trace.id,
  };
  const gold = goldAnswer?.trim() || null;
  const place = `trace ${trace.id}`;
  // The call and its cost are there, but nothing to learn from.
  const fault = body.success ? (lastUserText(messages) === '' ? 'empty prompt' : null) : WITHOUT_BODY[trace.bodies];
  return { row, gold, finishReason: trace.finishReason, place, fault };
}

const WITHOUT_BODY: Record<SourceTrace['bodies'], string> = {
  '': 'no request body',
  not_stored: 'body not stored, by the share that the project stores',
  shed: 'body not stored, for the spool was over its quota',
  too_long_to_mask: "body not stored, too long for the project's own patterns",
};

async function* fileRows(setting: SourceSetting, input: BuildDatasetInput, file: string): AsyncGenerator<SourceRow[]> {
  const ref = await setting.artifacts.find(`files/${file}.jsonl`);
  if (!ref) throw new StillhouseError('not_found', 'source.file: no such file was uploaded.', { param: 'source.file' });
  const path = await setting.artifacts.getFile(ref, setting.temporaryFolder);
  let page: SourceRow[] = [];
  const copies = new Map<string, number>();
  for await (const line of linesOfFile(path)) {
    if (line.text === '') continue;
    page.push(numbered(rowOfLine(line, input), copies));
    if (page.length === 500) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}

/** Gives a row its id: what was said of it holds in another file, too, that has the same row. */
function numbered(source: SourceRow, copies: Map<string, number>): SourceRow {
  const { messages, tools, responseFormat, reference } = source.row;
  const content = contentHash({ messages, tools, responseFormat, reference });
  const copy = copies.get(content) ?? 0;
  copies.set(content, copy + 1);
  return { ...source, row: { ...source.row, rowId: copy === 0 ? content : contentHash({ content, copy }) } };
}

function rowOfLine({ number, text, fault }: Line, input: BuildDatasetInput): SourceRow {
  const place = `line ${number}`;
  if (fault !== null) throw new StillhouseError('dataset_invalid', `${place}: ${fault}`);
  const parsed = DatasetFileLine.safeParse(parseJson(text));
  if (!parsed.success) throw new StillhouseError('dataset_invalid', `${place}: ${parsed.error.issues[0]?.message ?? 'is not JSON'}`);
  const given = parsed.data;
  const last = given.messages.at(-1);
  const fromMessages = given.answer === undefined && last?.role === 'assistant' && typeof last.content === 'string';
  const messages = fromMessages ? given.messages.slice(0, -1) : given.messages;
  const answer = given.answer ?? (fromMessages ? (last.content as string) : '');
  const row = {
    ...prompt(messages, given.tools ?? null, given.response_format ?? null, input),
    rowId: '',
    parameters: {},
    reference: input.task.kind === 'label' ? answer.trim() : answer,
    referenceTarget: '',
    promptTokens: 0,
    traceId: '',
  };
  return { row, gold: given.gold?.trim() || null, finishReason: '', place, fault: lastUserText(messages) === '' ? 'empty prompt' : null };
}

function prompt(messages: Message[], tools: unknown[] | null, responseFormat: unknown, input: BuildDatasetInput) {
  const group = groupOf(lastUserText(messages));
  const promptHash = contentHash({ messages: messages.map(trimmed), tools, responseFormat });
  return { promptHash, group, split: splitOf(group, input.splits), messages, tools, responseFormat };
}

/** White space around a text makes no other prompt. */
function trimmed(message: Message): Message {
  return typeof message.content === 'string' ? { ...message, content: message.content.trim() } : message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
