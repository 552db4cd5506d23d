import { describedModel } from './described-model.ts';
import type { Check } from './openai-schema.ts';
import { type Asked, chunkFrame, type TestUpstream } from './upstream.ts';

type Part = { type: string; text?: string; image_url?: { url: string } };

/** Calls that `together` waits for before it answers one. */
export const AT_ONCE = 50;

/** What it says to a text. */
export const said = (prompt: string) => `You said ${prompt}`;

/**
 * Models for the scenarios of Python's clients. `test` says what it was told, and counts a token for each character, so that
 * no call's answer or count stands for another's; the others fail as their names say.
 */
export function pythonUpstream(check: (name: string) => Check, faults: string[]): TestUpstream['answer'] {
  const test = describedModel({
    check,
    faults,
    says: (body) => said(partsOf(body).findLast(({ text }) => text !== undefined)!.text! + pictureOf(body)),
    usage(body, answered) {
      const asked = partsOf(body).reduce((sum, { text = '' }) => sum + text.length, 0);
      return { prompt_tokens: asked, completion_tokens: answered.length, total_tokens: asked + answered.length };
    },
  });
  let limited = 0;
  const together: (() => void)[] = [];
  return async (asked, response) => {
    const refuse = (status: number, code: string, headers: Record<string, string> = {}) =>
      void response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify({ error: { message: `It is ${code}`, type: code, code, param: null } }));
    const half = () =>
      new Promise<void>((written) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chunkFrame({ content: 'half' }), () => written());
      });
    switch (asked.body['model']) {
      case 'limited':
        return refuse(429, 'rate_limit_exceeded', { 'retry-after': '1' });
      case 'limited-once':
        return limited++ === 0 ? refuse(429, 'rate_limit_exceeded', { 'retry-after': '1' }) : test(asked, response);
      case 'together':
        await new Promise<void>((go) => {
          if (together.push(go) < AT_ONCE) return;
          for (const one of together.splice(0)) one();
        });
        return test(asked, response);
      case 'broken':
        return refuse(500, 'server_error');
      case 'refused':
        return refuse(400, 'invalid_value');
      case 'silent':
        return;
      case 'stuck':
        return half();
      case 'cut':
        await half();
        return void setImmediate(() => response.socket!.destroy());
      default:
        return test(asked, response);
    }
  };
}

function partsOf(body: Asked['body']): Part[] {
  const messages = body['messages'] as { content: string | Part[] | null }[];
  return messages.flatMap(({ content }) => (typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])));
}

function pictureOf(body: Asked['body']): string {
  const url = partsOf(body).find(({ image_url }) => image_url)?.image_url!.url;
  if (url === undefined) return '';
  const [head, data] = url.split(',');
  return ` with ${Buffer.from(data!, 'base64').length} bytes of ${head}`;
}
