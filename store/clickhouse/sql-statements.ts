/** Statements of a .sql file: split at semicolons outside of strings, names and comments; comments stay out. */
export function sqlStatements(text: string): string[] {
  const statements: string[] = [];
  let current = '';
  for (const [piece] of text.matchAll(/'(?:[^'\\]|\\.|'')*'|`[^`]*`|"[^"]*"|--[^\n]*|\/\*[\s\S]*?\*\/|[^'`"/;-]+|[\s\S]/g)) {
    if (piece === ';') {
      statements.push(current.trim());
      current = '';
    } else if (piece.startsWith('--') || piece.startsWith('/*')) {
      current += ' ';
    } else {
      current += piece;
    }
  }
  statements.push(current.trim());
  return statements.filter((statement) => statement !== '');
}
