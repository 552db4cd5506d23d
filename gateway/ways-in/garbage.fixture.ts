import fc from 'fast-check';

/** Fields and values of all APIs, so that what is made of them gets past the first check. */
const FIELDS =
  'role type content text refusal id name input source url data media_type tool_use_id call_id output ' +
  'arguments summary encrypted_content image_url file_data thinking signature format cache_control citations ' +
  'effort budget_tokens mode tools function index tool_calls message delta reasoning_content thinking_blocks ' +
  'finish_reason logprobs schema is_error detail __proto__ toString';
const VALUES =
  'user assistant system tool message text image document tool_use tool_result thinking function ' +
  'redacted_thinking reasoning function_call function_call_output input_text output_text input_image ' +
  'input_file refusal base64 url enabled adaptive json_schema allowed_tools auto any stop length';

/** JSON that looks like a call or an answer and is none. No text can be made of some of it. */
export const garbage = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'large' },
    fc.constantFrom<unknown>(...VALUES.split(' '), null, true, 0, 1, -1, 1.5),
    fc.constant(null).map((): unknown => JSON.parse('{"toString":0}')),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...FIELDS.split(' ')), tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** A body with garbage in these fields. */
export function garbageIn(...fields: string[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.dictionary(fc.constantFrom(...fields), fc.oneof(fc.array(garbage, { maxLength: 3 }), garbage), { minKeys: 1 });
}

/** So deep that it can be read but not be written. */
export const TOO_DEEP: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
