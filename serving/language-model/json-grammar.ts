import { StillhouseError } from '../../contracts/errors.ts';

type Schema = Record<string, unknown>;

/** Rules of JSON itself. White space is as free as people and models write it, yet ends. */
const JSON_RULES = `ws ::= | " " | "\\n" [ \\t]{0,20}
string ::= "\\"" char* "\\""
char ::= [^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt/] | "u" [0-9a-fA-F]{4})
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number ::= integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?
boolean ::= "true" | "false"
null ::= "null"
value ::= object | array | string | number | boolean | null
object ::= "{" ws (string ws ":" ws value (ws "," ws string ws ":" ws value)*)? ws "}"
array ::= "[" ws (value (ws "," ws value)*)? ws "]"
`;
/** Say something about a schema, and hold nothing. */
const ANNOTATIONS = new Set([
  'title',
  'description',
  'default',
  'examples',
  '$schema',
  '$id',
  '$comment',
  'format',
  'deprecated',
  '$defs',
  'definitions',
]);
const HELD = new Set(
  'type enum const anyOf oneOf $ref properties required additionalProperties items prefixItems minItems maxItems minLength maxLength'.split(
    ' ',
  ),
);
const MAX_RULES = 2000;

/**
 * A grammar (GBNF) of all JSON that fits a schema; of any JSON object without one. A keyword that a grammar can't hold is
 * refused with its name, so that no answer breaks a rule that the caller was promised.
 */
export function jsonGrammar(schema: object | null): string {
  if (schema === null) return `root ::= object\n${JSON_RULES}`;
  const writer = new GrammarWriter(schema as Schema);
  const root = writer.rule(schema, '');
  return `root ::= ${root}\n${writer.rules()}${JSON_RULES}`;
}

class GrammarWriter {
  readonly #root: Schema;
  readonly #rules: string[] = [];
  readonly #references = new Map<string, string>();

  constructor(root: Schema) {
    this.#root = root;
  }

  rules(): string {
    return this.#rules.map((rule) => `${rule}\n`).join('');
  }

  /** The expression of a schema at a path; its rules are written on the way. */
  rule(schema: unknown, path: string): string {
    if (schema === true || schema === undefined) return 'value';
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw cannot(path, 'is no schema');
    const own = schema as Schema;
    for (const key in own) if (!HELD.has(key) && !ANNOTATIONS.has(key)) throw cannot(`${path}/${key}`, 'cannot be held by a grammar');
    if (typeof own['$ref'] === 'string') return this.#reference(own['$ref'], path);
    if ('const' in own) return literal(own['const']);
    if (Array.isArray(own['enum'])) return group(own['enum'].map(literal));
    const choices = own['anyOf'] ?? own['oneOf'];
    if (Array.isArray(choices)) return group(choices.map((choice, index) => this.rule(choice, `${path}/anyOf/${index}`)));
    const types = own['type'] ?? (own['properties'] ? 'object' : own['items'] || own['prefixItems'] ? 'array' : undefined);
    if (types === undefined) return 'value';
    return group((Array.isArray(types) ? types : [types]).map((type: unknown) => this.#ofType(type, own, path)));
  }

  #ofType(type: unknown, schema: Schema, path: string): string {
    switch (type) {
      case 'object':
        return this.#object(schema, path);
      case 'array':
        return this.#array(schema, path);
      case 'string':
        if (schema['minLength'] === undefined && schema['maxLength'] === undefined) return 'string';
        return `"\\"" char${repetition(schema['minLength'], schema['maxLength'])} "\\""`;
      case 'integer':
      case 'number':
      case 'boolean':
      case 'null':
        return type;
      default:
        throw cannot(`${path}/type`, `knows no type ${JSON.stringify(type)}`);
    }
  }

  /** Properties in their order; those that are not required may be left out, with their comma. */
  #object(schema: Schema, path: string): string {
    const properties = Object.entries((schema['properties'] ?? {}) as Schema);
    const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as string[]) : []);
    for (const name of required) if (!properties.some(([known]) => known === name)) properties.push([name, true]);
    if (properties.length === 0) {
      const of = schema['additionalProperties'];
      if (of === false) return '"{" ws "}"';
      const member = `string ws ":" ws ${this.rule(of, `${path}/additionalProperties`)}`;
      return `"{" ws (${member} (ws "," ws ${member})*)? ws "}"`;
    }
    const members = properties.map(([name, of]) => `${literal(name)} ws ":" ws ${this.rule(of, `${path}/properties/${name}`)}`);
    // What may follow once nothing has been written yet, and once something has: from the last property to the first.
    let [begun, fresh] = ['""', '""'];
    for (let index = members.length - 1; index >= 0; index--) {
      const after = this.#add(begun);
      const skipped = { begun: after, fresh: this.#add(fresh) };
      const optional = !required.has(properties[index]![0]);
      begun = optional ? `(ws "," ws ${members[index]} ${after}) | ${skipped.begun}` : `ws "," ws ${members[index]} ${after}`;
      fresh = optional ? `(${members[index]} ${after}) | ${skipped.fresh}` : `${members[index]} ${after}`;
    }
    return this.#add(`"{" ws ${this.#add(fresh)} ws "}"`);
  }

  #array(schema: Schema, path: string): string {
    const first = ((schema['prefixItems'] ?? []) as unknown[]).map((item, index) => this.rule(item, `${path}/prefixItems/${index}`));
    const [min, max] = [count(schema['minItems'], 0), count(schema['maxItems'], Infinity)];
    if (first.length > 0) {
      if (min > first.length || schema['items'] !== undefined) throw cannot(path, 'mixes prefixItems with further items');
      return `"[" ws ${first.join(' ws "," ws ')} ws "]"`;
    }
    const item = this.#add(this.rule(schema['items'], `${path}/items`));
    if (max === 0) return '"[" ws "]"';
    const more = `${item} (ws "," ws ${item})${repetition(Math.max(0, min - 1), max === Infinity ? undefined : max - 1)}`;
    return this.#add(`"[" ws ${min > 0 ? more : `(${more})?`} ws "]"`);
  }

  /** A definition becomes a rule of its own, which may name itself. */
  #reference(reference: string, path: string): string {
    const known = this.#references.get(reference);
    if (known) return known;
    const at = reference === '#' ? [] : /^#\/(.+)$/.exec(reference)?.[1]?.split('/');
    let schema: unknown = this.#root;
    for (const step of at ?? ['']) schema = Object.hasOwn((schema ?? {}) as object, step) ? (schema as Schema)[step] : undefined;
    if (schema === undefined) throw cannot(`${path}/$ref`, `points to nothing: ${JSON.stringify(reference)}`);
    const name = `ref${this.#references.size}`;
    this.#references.set(reference, name);
    this.#rules.push(`${name} ::= ${this.rule(schema, reference)}`);
    return name;
  }

  #add(expression: string): string {
    if (/^\w+$/.test(expression)) return expression;
    if (this.#rules.length >= MAX_RULES) throw cannot('', `is larger than ${MAX_RULES} rules`);
    const name = `r${this.#rules.length}`;
    this.#rules.push(`${name} ::= ${expression}`);
    return name;
  }
}

function literal(value: unknown): string {
  return JSON.stringify(JSON.stringify(value));
}

function group(alternatives: string[]): string {
  return alternatives.length === 1 ? alternatives[0]! : `(${alternatives.join(' | ')})`;
}

function repetition(min: unknown, max: unknown): string {
  const [from, to] = [count(min, 0), count(max, Infinity)];
  return to === Infinity ? `{${from},}` : `{${from},${Math.max(from, to)}}`;
}

function count(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : fallback;
}

function cannot(path: string, why: string): StillhouseError {
  return new StillhouseError('invalid_request', `The JSON schema${path === '' ? '' : ` at "${path}"`} ${why}`, {
    param: 'response_format',
  });
}
