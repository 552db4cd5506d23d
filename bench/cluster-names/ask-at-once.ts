import type OpenAI from 'openai';

/** Calls at a time. */
const AT_ONCE = 8;

/** What a model says, at temperature 0. */
export async function answerOf(client: OpenAI, model: string, messages: object[], format: object): Promise<string> {
  const answer = await client.chat.completions.create({
    model,
    messages: messages as never,
    response_format: format as never,
    temperature: 0,
  });
  return answer.choices[0]?.message.content ?? '';
}

/** Some of the work at a time, answers in the order of the items. */
export async function atOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const out: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      out[at] = await work(items[at]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return out;
}
