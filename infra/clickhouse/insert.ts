import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawInsertFormat, Session } from 'chdb';
import type { Work } from './answer-sink.ts';
import type { ClickHouseRequest } from './request.ts';
import { sqlString } from './sql-tokens.ts';
import { settingsList, type Statement } from './statement.ts';

type InsertStatement = Extract<Statement, { kind: 'insert' }>;

/** Formats whose bytes the engine takes as they are, without a copy as a JavaScript string. */
const RAW = new Set([
  'JSONEachRow',
  'JSONCompactEachRow',
  'CSV',
  'CSVWithNames',
  'TSV',
  'TabSeparated',
  'TSVWithNames',
  'TabSeparatedWithNames',
]);

/** Text formats besides: they go to the engine behind the statement. All others are binary. */
const TEXT = /^(Values|JSON\w*|CSV\w*|TSV\w*|TabSeparated\w*|CustomSeparated\w*|Template|TSKV|Regexp|LineAsString|RawBLOB|BSONEachRow)$/;
const BINARY = /^(BSONEachRow|RawBLOB)$/;

/** `[INSERT INTO] name [(columns)]`, names plain or in back quotes. */
const PLAIN = /^INSERT\s+INTO\s+(?:TABLE\s+)?((?:\w+|`\w+`)(?:\s*\.\s*(?:\w+|`\w+`))?)\s*(?:\(([\s\w`,]*)\))?$/i;

/** Runs an INSERT with the request's settings, in one piece: one insert is one block with one token. */
export async function insertRows(session: Session, statement: InsertStatement, request: ClickHouseRequest): Promise<Work> {
  const settings = [settingsList(request.settings), statement.settings ?? ''].filter((list) => list !== '').join(', ');
  const clause = settings === '' ? '' : ` SETTINGS ${settings}`;
  if (statement.sql !== '') {
    const result = await session.queryAsync(`${statement.into}${clause} ${statement.sql}`);
    return { readRows: result.rowsRead, readBytes: result.bytesRead, writtenRows: 0, writtenBytes: 0 };
  }
  const data = joined(statement.data, request.data);
  const plain = PLAIN.exec(statement.into);
  if (data.length === 0) {
    // Nothing to store; what is wrong with the statement is still said.
    await session.queryAsync(plain ? `DESCRIBE TABLE ${plain[1]}` : `${statement.into} FORMAT JSONEachRow`);
    return written(0, 0);
  }
  const format = statement.format;
  if (plain && RAW.has(format) && statement.settings === null) {
    const columns = plain[2]
      ?.split(',')
      .map(bare)
      .filter((name) => name !== '');
    const summary = await session.insert({
      table: bare(plain[1]!),
      ...(columns && columns.length > 0 ? { columns } : {}),
      format: format as RawInsertFormat,
      values: data,
      settings: Object.fromEntries(request.settings),
    });
    return written(summary.rowsWritten, summary.bytesWritten);
  }
  if (TEXT.test(format) && !BINARY.test(format) && !data.includes(0)) {
    await session.queryAsync(`${statement.into}${clause} FORMAT ${format}\n${data.toString('utf8')}`);
    return written(0, data.length);
  }
  return insertFile(session, `${statement.into} FROM INFILE`, `${clause} FORMAT ${format}`, data);
}

/** Binary rows go through a file: a statement is text, and text ends at a zero byte. */
async function insertFile(session: Session, before: string, after: string, data: Buffer): Promise<Work> {
  const path = join(tmpdir(), `stillhouse-insert-${randomUUID()}`);
  await writeFile(path, data, { mode: 0o600 });
  try {
    await session.queryAsync(`${before} ${sqlString(path)}${after}`);
  } finally {
    await rm(path, { force: true });
  }
  return written(0, data.length);
}

function joined(text: string, data: Buffer): Buffer {
  if (text === '') return data;
  return data.length === 0 ? Buffer.from(text) : Buffer.concat([Buffer.from(text), data]);
}

function written(rows: number, bytes: number): Work {
  return { readRows: rows, readBytes: bytes, writtenRows: rows, writtenBytes: bytes };
}

function bare(name: string): string {
  return name.replaceAll(/[\s`]/g, '');
}
