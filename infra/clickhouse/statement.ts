import { EngineFailure } from './engine-failure.ts';
import { isWord, type SqlToken, sqlString, sqlTokens } from './sql-tokens.ts';

/** A query, taken apart as far as settings and formats go. */
export type Statement =
  | { kind: 'select'; sql: string; format: string | null; streamable: boolean }
  | { kind: 'insert'; into: string; settings: string | null; format: string; data: string; sql: string }
  | { kind: 'other'; sql: string; format: string | null; verb: string };

// Files, programs, other databases and the network through SQL: the embedded engine runs as the user, and its port is
// open to every process of the machine. Functions, engines and dictionary sources, with what their families may grow.
const OUTSIDE = new RegExp(
  `^(${[
    'file|filecluster|filelog|filesystem|disk|executable|executablepool|python|eval|queryrunner|ai[a-z]+',
    'url|urlcluster|http|remote|remotesecure|cluster|clusterallreplicas|clickhouse|hdfs\\w*',
    's3\\w*|gcs|cosn|oss|azure\\w*|iceberg\\w*|deltalake\\w*|datalake\\w*|hudi\\w*|paimon\\w*|ytsaurus',
    'sqlite|odbc|jdbc|mysql|postgresql|materialized(mysql|postgresql)|mongodb|redis|cassandra|kafka|rabbitmq|nats|keepermap',
  ].join('|')})$`,
  'i',
);

/** Takes a query apart; its parameters are in it already. */
export function parseStatement(query: string): Statement {
  const tokens = significant(query);
  const verb = tokens[0]?.kind === 'symbol' && tokens[0].text === '(' ? 'SELECT' : (tokens[0]?.text.toUpperCase() ?? '');
  if (verb === '') throw new EngineFailure(62, 'SYNTAX_ERROR', 'Syntax error: Empty query.');
  if (verb === 'INSERT') return insertStatement(query, tokens);
  refuseMalformed(query, tokens);
  refuseOutside(tokens);
  const { sql, format } = withoutFormat(query, tokens);
  // A WITH may begin an INSERT too.
  if (verb === 'WITH' && tokens.some((token, index) => isWord(token, 'INSERT') && isWord(tokens[index + 1], 'INTO')))
    return { kind: 'other', sql, format, verb: 'INSERT' };
  if (verb !== 'SELECT' && verb !== 'WITH') return { kind: 'other', sql, format, verb };
  // The engine computes scalar subqueries while it opens a stream, on our only thread: such queries are not streamed.
  const selects = tokens.filter((token) => isWord(token, 'SELECT')).length;
  return { kind: 'select', sql, format, streamable: selects === 1 };
}

/** A SETTINGS list: every value is quoted, since a deduplication token of digits is still a text. */
export function settingsList(settings: ReadonlyMap<string, string>): string {
  return [...settings].map(([name, value]) => `${name} = ${sqlString(value)}`).join(', ');
}

/** A select with the request's settings; a setting that the query itself states wins. */
export function withSettings(sql: string, settings: ReadonlyMap<string, string>): string {
  const tokens = significant(sql);
  const at = lastClause(tokens, 'SETTINGS');
  const stated = new Set(at < 0 ? [] : tokens.slice(at).map((token) => token.text));
  const added = new Map([...settings].filter(([name]) => !stated.has(name)));
  if (added.size === 0) return sql;
  return `${sql}${at < 0 ? '\nSETTINGS' : ','} ${settingsList(added)}`;
}

/** Tokens that mean something; of an INSERT only those before its data. */
function significant(query: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (const token of sqlTokens(query)) {
    if (token.kind === 'space') continue;
    tokens.push(token);
    if (!isWord(tokens[0], 'INSERT')) continue;
    if (isWord(token, 'VALUES') || isWord(token, 'SELECT') || isWord(token, 'WITH')) break;
    if (isWord(tokens.at(-2), 'FORMAT') && token.kind === 'word') break;
  }
  // One trailing semicolon is allowed.
  if (tokens.at(-1)?.text === ';') tokens.pop();
  return tokens;
}

/** What the engine would take for less or more than one statement: it reads up to a zero byte, and runs several in a row. */
function refuseMalformed(query: string, tokens: SqlToken[]): void {
  const open = (token: SqlToken) =>
    ['string', 'quoted'].includes(token.kind) && (token.text.length < 2 || token.text.at(-1) !== token.text[0]);
  const reason = query.includes('\0')
    ? 'a zero byte in the query'
    : tokens[0]!.kind !== 'word' && tokens[0]!.text !== '('
      ? `failed at position 1 (${tokens[0]!.text.slice(0, 20)})`
      : tokens.some((token) => token.text === ';')
        ? 'multi-statements are not allowed'
        : tokens.some(open)
          ? 'a string or name does not end'
          : null;
  if (reason !== null) throw new EngineFailure(62, 'SYNTAX_ERROR', `Syntax error: ${reason}.`);
}

function withoutFormat(query: string, tokens: SqlToken[]): { sql: string; format: string | null } {
  const last = tokens.at(-1)!;
  const whole = query.slice(0, last.start + last.text.length);
  const at = lastClause(tokens, 'FORMAT');
  const name = tokens[at + 1];
  if (at < 0 || name?.kind !== 'word') return { sql: whole, format: null };
  const end = name.start + name.text.length;
  // A SETTINGS clause may follow; nothing else may.
  if (tokens[at + 2] !== undefined && !isWord(tokens[at + 2], 'SETTINGS')) return { sql: whole, format: null };
  return { sql: (whole.slice(0, tokens[at]!.start) + whole.slice(end)).trimEnd(), format: name.text };
}

/** Index of the last such keyword outside of all brackets; -1 where there is none. */
function lastClause(tokens: SqlToken[], keyword: string): number {
  let depth = 0;
  let found = -1;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'symbol' && '([{'.includes(token.text)) depth += 1;
    else if (token.kind === 'symbol' && ')]}'.includes(token.text)) depth -= 1;
    else if (depth === 0 && isWord(token, keyword)) found = index;
  }
  return found;
}

function insertStatement(query: string, tokens: SqlToken[]): Statement {
  const last = tokens.at(-1)!;
  const end = last.start + last.text.length;
  if (isWord(last, 'SELECT') || isWord(last, 'WITH')) {
    refuseOutside(significant(query.slice(last.start)));
    refuseOutside(tokens);
    const { sql } = withoutFormat(query, [...tokens, ...shifted(significant(query.slice(end)), end)]);
    return { kind: 'insert', ...head(query, tokens.slice(0, -1), last.start), format: 'Values', data: '', sql: sql.slice(last.start) };
  }
  refuseOutside(tokens);
  const parts = isWord(last, 'VALUES') ? tokens.slice(0, -1) : tokens.slice(0, -2);
  const format = isWord(last, 'VALUES') ? 'Values' : isWord(tokens.at(-2), 'FORMAT') ? last.text : null;
  const stop = format === null ? end : isWord(last, 'VALUES') ? last.start : tokens.at(-2)!.start;
  // The data begins after the format's name and one line break or spaces.
  const data = query.slice(end).replace(/^[ \t]*(\r?\n)?/, '');
  return { kind: 'insert', ...head(query, format === null ? tokens : parts, stop), format: format ?? 'Values', data, sql: '' };
}

function head(query: string, tokens: SqlToken[], end: number): { into: string; settings: string | null } {
  const at = lastClause(tokens, 'SETTINGS');
  if (at < 0) return { into: query.slice(0, end).trim(), settings: null };
  const clause = tokens[at]!;
  return { into: query.slice(0, clause.start).trim(), settings: query.slice(clause.start + clause.text.length, end).trim() };
}

function shifted(tokens: SqlToken[], by: number): SqlToken[] {
  return tokens.map((token) => ({ ...token, start: token.start + by }));
}

function refuseOutside(tokens: SqlToken[]): void {
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    const name = nameOf(token);
    const engine = isWord(before, 'ENGINE') || (before?.text === '=' && isWord(tokens[index - 2], 'ENGINE'));
    const outside = name !== null && OUTSIDE.test(name) && (tokens[index + 1]?.text === '(' || engine);
    // The engine takes a table's name that is a path, in quotes or as a text, for the file that lies there.
    const path =
      token.text.includes('/') &&
      (token.kind === 'quoted' || (token.kind === 'string' && /^(FROM|JOIN|TABLE|DESC|DESCRIBE)$/i.test(before?.text ?? '')));
    if (outside || path || isWord(token, 'INFILE') || isWord(token, 'OUTFILE')) {
      throw new EngineFailure(
        497,
        'ACCESS_DENIED',
        `The embedded ClickHouse reads and writes no files, starts no programs and calls no other servers (${token.text}).`,
      );
    }
  }
}

function nameOf(token: SqlToken): string | null {
  if (token.kind === 'word') return token.text;
  return token.kind === 'quoted' ? token.text.slice(1, -1) : null;
}
