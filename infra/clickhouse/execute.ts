import { randomUUID } from 'node:crypto';
import type { Session } from 'chdb';
import type { AnswerSink, Work } from './answer-sink.ts';
import { EngineFailure } from './engine-failure.ts';
import { insertRows } from './insert.ts';
import { substituteParameters } from './parameters.ts';
import type { ClickHouseRequest } from './request.ts';
import type { SessionPool } from './sessions.ts';
import { answerFromFile, SPILLED } from './spilled-answer.ts';
import { isWord, sqlTokens } from './sql-tokens.ts';
import { parseStatement, settingsList, withSettings } from './statement.ts';

const NOTHING: Work = { readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 };

/** Formats whose rows stand alone, so that the blocks of a result can be sent one after the other. */
const STREAMED =
  /^(JSONEachRow|JSONCompactEachRow|JSONStringsEachRow|JSONCompactStringsEachRow|JSONLines|NDJSON|TabSeparated|TSV|TabSeparatedRaw|TSVRaw|CSV|LineAsString|RowBinary)$/i;

/** A result that can't be streamed is held in memory; a query may state another limit. */
const MAX_HELD_RESULT_BYTES = String(1024 ** 3);

/** Runs one request against the engine. */
export async function execute(pool: SessionPool, request: ClickHouseRequest, sink: AnswerSink): Promise<Work> {
  const statement = parseStatement(substituteParameters(request.query, request.parameters));
  if (statement.kind === 'insert') {
    if (isReadonly(request.settings)) throw readonlyRefusal();
    return pool.use(request.database, async (session) => {
      const work = await insertRows(session, statement, request);
      sink.begin(request.defaultFormat ?? 'TabSeparated');
      return work;
    });
  }
  const format = statement.format ?? request.defaultFormat ?? 'TabSeparated';
  const mark = `request ${randomUUID()}`;
  if (statement.kind === 'select' && SPILLED.test(format) && !isReadonly(request.settings)) {
    const sql = `${withSettings(statement.sql, request.settings)}\n/* ${mark} */`;
    const ended = killWhenGone(pool, mark, sink.gone);
    return answerFromFile(pool, { database: request.database, sql, format }, sink).finally(ended);
  }
  return pool.use(request.database, async (session) => {
    if (sink.gone.aborted) return NOTHING;
    const ended = killWhenGone(pool, mark, sink.gone);
    try {
      if (statement.kind === 'other')
        return await command(session, `${statement.sql}\n/* ${mark} */`, statement.verb, request.settings, format, sink);
      const streamed = statement.streamable && STREAMED.test(format);
      const settings = streamed
        ? request.settings
        : new Map([['max_result_bytes', MAX_HELD_RESULT_BYTES], ['result_overflow_mode', 'throw'], ...request.settings]);
      const sql = `${withSettings(statement.sql, settings)}\n/* ${mark} */`;
      return streamed ? await stream(session, sql, format, sink) : await answerWhole(session, sql, format, sink);
    } finally {
      ended();
    }
  });
}

/** Ends the query once its client has gone. Said again until it has ended: a kill that comes before the query runs is lost. */
function killWhenGone(pool: SessionPool, mark: string, gone: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const kill = () => void pool.kill(mark).catch(() => {});
  const begin = () => {
    kill();
    timer = setInterval(kill, 200);
  };
  gone.addEventListener('abort', begin, { once: true });
  return () => {
    gone.removeEventListener('abort', begin);
    clearInterval(timer);
  };
}

async function answerWhole(session: Session, sql: string, format: string, sink: AnswerSink): Promise<Work> {
  const result = await session.queryAsync(sql, { format });
  sink.begin(format);
  await sink.write(result.bytes());
  return { ...NOTHING, readRows: result.rowsRead, readBytes: result.bytesRead };
}

async function stream(session: Session, sql: string, format: string, sink: AnswerSink): Promise<Work> {
  let begun = false;
  const work = { ...NOTHING };
  for await (const chunk of session.queryStream(sql, { format, signal: sink.gone })) {
    if (!begun) sink.begin(format);
    begun = true;
    work.readRows += chunk.numRows;
    work.readBytes += chunk.numBytes;
    await sink.write(chunk.raw());
  }
  if (!begun) sink.begin(format);
  return work;
}

/**
 * All that is neither SELECT nor INSERT. Most such statements take no SETTINGS clause, so the session carries the
 * settings for the time of the statement.
 */
async function command(
  session: Session,
  sql: string,
  verb: string,
  settings: ReadonlyMap<string, string>,
  format: string,
  sink: AnswerSink,
): Promise<Work> {
  if (verb === 'SET' || verb === 'USE') {
    // On a server they end with the request; here they would stay with a session that others use.
    await session.queryAsync(`EXPLAIN AST ${firstStatement(sql)}`);
    sink.begin(format);
    return NOTHING;
  }
  const lasting = new Map([...settings].filter(([name]) => name !== 'readonly'));
  if (isReadonly(settings) && !/^(SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN|CHECK)$/.test(verb)) throw readonlyRefusal();
  try {
    if (lasting.size > 0) await session.queryAsync(`SET ${settingsList(lasting)}`);
    return await answerWhole(session, sql, format, sink);
  } finally {
    for (const name of lasting.keys()) await session.queryAsync(`SET ${name} = DEFAULT`).catch(() => {});
  }
}

function isReadonly(settings: ReadonlyMap<string, string>): boolean {
  return (settings.get('readonly') ?? '0') !== '0';
}

function readonlyRefusal(): EngineFailure {
  return new EngineFailure(164, 'READONLY', 'Cannot execute query in readonly mode.');
}

function firstStatement(sql: string): string {
  for (const token of sqlTokens(sql)) if (token.text === ';' && !isWord(token, ';')) return sql.slice(0, token.start);
  return sql;
}
