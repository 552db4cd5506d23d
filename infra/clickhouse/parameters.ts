import { EngineFailure } from './engine-failure.ts';
import { isWord, type SqlToken, sqlName, sqlString, sqlTokens } from './sql-tokens.ts';

const ESCAPES: Record<string, string> = { t: '\t', n: '\n', r: '\r', '0': '\0', b: '\b', f: '\f', a: '\x07', v: '\v' };

/**
 * Puts the values of `{name:Type}` into the query as literals of that type. The engine could bind them itself, but its
 * parameters are shared by the whole process: two queries at once would see each other's, so they would have to queue.
 */
export function substituteParameters(sql: string, values: ReadonlyMap<string, string>): string {
  if (!sql.includes('{')) return sql;
  let result = '';
  let insert: boolean | null = null;
  let before: SqlToken | undefined;
  for (const token of sqlTokens(sql)) {
    result += token.kind === 'parameter' ? literalOf(token, values) : token.text;
    if (token.kind === 'space') continue;
    insert ??= isWord(token, 'INSERT');
    // What follows an INSERT's format is data: braces there are no parameters. Its VALUES may hold some.
    const data = insert && (isWord(before, 'FORMAT') || (isWord(token, 'VALUES') && values.size === 0));
    if (data) return result + sql.slice(token.start + token.text.length);
    before = token;
  }
  return result;
}

function literalOf(token: SqlToken, values: ReadonlyMap<string, string>): string {
  const [, name, type] = /^\{\s*(\w+)\s*:\s*([\s\S]*?)\s*\}$/.exec(token.text)!;
  const value = values.get(name!);
  if (value === undefined) throw new EngineFailure(456, 'UNKNOWN_QUERY_PARAMETER', `Substitution \`${name}\` is not set.`);
  if (type === 'Identifier') return sqlName(unescape(value));
  if (value === '\\N') return `_CAST(NULL, ${sqlString(type!)})`;
  if (type === 'String') return sqlString(unescape(value));
  if (/^Map\b/.test(type!)) return `_CAST(${mapLiteral(value, name!)}, ${sqlString(type!)})`;
  // Integers stay numbers, so that they can stand in LIMIT too; all else is read from text as the type reads it.
  if (/^U?Int(8|16|32|64)$/.test(type!) && /^-?\d+$/.test(value)) return `_CAST(${value}, ${sqlString(type!)})`;
  // The elements of a composite carry their own escapes.
  const text = /^(Array|Tuple|Nested|Variant)\b/.test(type!) ? value : unescape(value);
  return `_CAST(${sqlString(text)}, ${sqlString(type!)})`;
}

/** ClickHouse's escaped text (as in TabSeparated) to what it stands for. */
function unescape(text: string): string {
  return text.replace(/\\(x[0-9A-Fa-f]{2}|[\s\S])/g, (_, escaped: string) =>
    escaped.length === 3 ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16)) : (ESCAPES[escaped] ?? escaped),
  );
}

/** `{'a':'b'}` as a call of map(): there is no cast from text to Map. Only literals pass. */
function mapLiteral(value: string, name: string): string {
  let result = '';
  for (const token of sqlTokens(value)) {
    if (token.kind === 'symbol') {
      const symbol = { '{': 'map(', '}': ')', ':': ',' }[token.text] ?? token.text;
      if (!/^(map\(|[(),[\]+-])$/.test(symbol)) throw badValue(name, 'Map');
      result += symbol;
    } else if (
      token.kind === 'word' ? /^(NULL|TRUE|FALSE|nan|inf)$/i.test(token.text) : ['string', 'number', 'space'].includes(token.kind)
    ) {
      result += token.text;
    } else {
      throw badValue(name, 'Map');
    }
  }
  return result;
}

function badValue(name: string, type: string): EngineFailure {
  return new EngineFailure(457, 'BAD_QUERY_PARAMETER', `Value of query parameter '${name}' cannot be parsed as ${type}.`);
}
