import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

/** Why a value is not what OpenAI's description says; empty where it is. */
export type Check = (value: unknown) => string[];

/** Checks by the names of the description's schemas. Some seconds to read. */
export function openAISchemas(): (name: string) => Check {
  const bytes = readFileSync(new URL('./openai/openapi.yml.gz', import.meta.url));
  const { components } = parse(gunzipSync(bytes).toString(), { maxAliasCount: -1 }) as { components: { schemas: Record<string, object> } };
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false, logger: false });
  ajv.addSchema({ $id: 'openai', components: withoutNullable(components) as object });
  return (name) => {
    if (!components.schemas[name]) throw new Error(`There is no schema ${name}`);
    const validate = ajv.compile({ $ref: `openai#/components/schemas/${name}` });
    return (value) => (validate(value) ? [] : [`${name}: ${ajv.errorsText(validate.errors)}`]);
  };
}

/** Some of it is written as OpenAPI 3.0 had it: there `nullable` stands beside other keywords. */
function withoutNullable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNullable);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...rest } = schema as Record<string, unknown>;
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withoutNullable(value)]));
  if (nullable === true) return { anyOf: [plain, { type: 'null' }] };
  return nullable === undefined || typeof nullable === 'boolean' ? plain : { ...plain, nullable: withoutNullable(nullable) };
}
