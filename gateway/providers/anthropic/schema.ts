import { isObject } from '../chat-fields.ts';

type Schema = Record<string, unknown>;
/** Where schemas have others. */
const NAMED = ['properties', '$defs', 'definitions'];
const LISTED = ['anyOf', 'allOf', 'oneOf', 'prefixItems'];

/**
 * A schema as the API wants it: objects say that they have nothing more than their properties. What fits it fits the caller's
 * schema too. What the API knows no rule for stays, and is refused there by name.
 */
export function closedSchema(schema: Schema): Schema {
  const closed: Schema = { ...schema };
  if (isObjectSchema(schema) && schema['additionalProperties'] === undefined) closed['additionalProperties'] = false;
  for (const field of NAMED) {
    const inner = schema[field];
    if (isObject(inner)) closed[field] = Object.fromEntries(Object.entries(inner).map(([name, one]) => [name, closedOr(one)]));
  }
  for (const field of LISTED) if (Array.isArray(schema[field])) closed[field] = schema[field].map(closedOr);
  if ('items' in schema) closed['items'] = closedOr(schema['items']);
  return closed;
}

function isObjectSchema({ type, properties }: Schema): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || (type === undefined && isObject(properties));
}

function closedOr(value: unknown): unknown {
  return isObject(value) ? closedSchema(value) : value;
}
