/** A piece of ClickHouse SQL. `parameter` is a whole `{name:Type}`. */
export interface SqlToken {
  kind: 'space' | 'string' | 'quoted' | 'number' | 'word' | 'parameter' | 'symbol';
  text: string;
  start: number;
}

const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*|#[! ][^\n]*|\/\*[\s\S]*?(?:\*\/|$))`,
    String.raw`(?<string>'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)`,
    String.raw`(?<quoted>\x60(?:[^\x60\\]|\\[\s\S]|\x60\x60)*(?:\x60|$)|"(?:[^"\\]|\\[\s\S]|"")*(?:"|$))`,
    String.raw`(?<parameter>\{\s*[A-Za-z_]\w*\s*:(?:[^{}'\x60"]|'(?:[^'\\]|\\[\s\S]|'')*')*\})`,
    String.raw`(?<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?)`,
    String.raw`(?<word>[A-Za-z_]\w*)`,
    String.raw`(?<symbol>[\s\S])`,
  ].join('|'),
  'y',
);

/** Tokens one by one, so that a reader can stop before the data that follows an INSERT. */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  let at = 0;
  while (at < sql.length) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(sql)?.groups;
    if (!groups) return;
    const kinds = ['space', 'string', 'quoted', 'parameter', 'number', 'word', 'symbol'] as const;
    const kind = kinds.find((name) => groups[name] !== undefined)!;
    const text = groups[kind]!;
    yield { kind, text, start: at };
    at += text.length;
  }
}

/** Whether a token is this keyword. */
export function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}

/** A string literal; nothing in `text` can end it. */
export function sqlString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`;
}

/** A name in back quotes. */
export function sqlName(text: string): string {
  return `\`${text.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
