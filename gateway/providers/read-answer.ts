import type { Dispatcher } from 'undici';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ProviderAnswer } from './provider.ts';

/** A whole answer larger than this is none: it must fit in memory beside all others. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;

interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: Dispatcher.ResponseData['body'];
}

/** A stream where one was asked for and came; everything else is read to its end. Redirects are not followed. */
export async function readAnswer(provider: string, streamAsked: boolean, raw: RawAnswer): Promise<ProviderAnswer> {
  const { status, headers, body } = raw;
  if (status >= 300 && status < 400) {
    await body.dump();
    throw new StillhouseError('upstream_invalid', `Provider "${provider}" answered with a redirect (${status}), which is not followed`, {
      data: { status },
    });
  }
  if (streamAsked && status < 300 && headers['content-type']?.startsWith('text/event-stream')) {
    await firstBytes(body);
    return { form: 'stream', status, headers, body };
  }
  return { form: 'whole', status, headers, text: await readText(provider, body) };
}

/** A stream has begun once a byte of it is there: until then another target may still be tried. */
function firstBytes(body: RawAnswer['body']): Promise<void> {
  return new Promise((resolve, reject) => {
    body.once('error', reject);
    body.once('readable', () => {
      body.off('error', reject);
      resolve();
    });
  });
}

function readText(provider: string, body: RawAnswer['body']): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_WHOLE_BYTES) {
        body.destroy(new StillhouseError('upstream_invalid', `Provider "${provider}" sent more than ${MAX_WHOLE_BYTES} bytes`));
      }
    });
    body.on('end', () => resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)).toString()));
    body.on('error', reject);
  });
}
