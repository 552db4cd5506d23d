import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeLeftBehind } from '../../platform/left-behind.ts';
import type { AnswerSink, Work } from './answer-sink.ts';
import type { SessionPool } from './sessions.ts';
import { sqlString } from './sql-tokens.ts';

/** Formats that are one whole, written as it is read: the engine puts them into a file, and memory stays what it was. */
export const SPILLED = /^(Parquet|ORC|Arrow)$/i;

/** What is to be answered. */
interface Spilled {
  database: string;
  /** A SELECT with its settings. */
  sql: string;
  format: string;
}

/** Writes the answer to a file beside the engine's data, lets go of the session, and sends the file. */
export async function answerFromFile(pool: SessionPool, { database, sql, format }: Spilled, sink: AnswerSink): Promise<Work> {
  const folder = join(pool.folder, 'tmp');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeLeftBehind(folder);
  const path = join(folder, `answer-${randomUUID()}`);
  try {
    const result = await pool.use(database, (session) =>
      session.queryAsync(`INSERT INTO FUNCTION file(${sqlString(path)}, ${sqlString(format)}) ${sql}`),
    );
    sink.begin(format);
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      if (sink.gone.aborted) break;
      await sink.write(chunk as Buffer);
    }
    return { readRows: result.rowsRead, readBytes: result.bytesRead, writtenRows: 0, writtenBytes: 0 };
  } finally {
    await rm(path, { force: true });
  }
}
