import { createHash } from 'node:crypto';
import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { StillhouseError } from '../../contracts/errors.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import { toUnitLength } from '../../core/clustering/smooth.ts';
import type { Matrix } from '../../core/learning/matrix.ts';
import type { EmbedderPool } from '../../serving/embedder-pool.ts';
import type { GatewayAccess } from '../distil/gateway-targets.ts';

/** Texts a call: what every provider takes, and little enough to be done within seconds. */
const PORTION = 64;
const CALLS = 4;
const CALL_MS = 120_000;

/**
 * An embeddings endpoint instead of an embedder of our own: `target` (`provider/model`) through the gateway, which has its key,
 * retries and writes traces. One text is embedded first, to learn the number of dimensions. Its identity is the target's
 * name and that number, since the model cannot be hashed: a provider that changes a model under its name is not seen.
 */
export async function openGatewayEmbedder(
  gateway: GatewayAccess,
  of: { project: string; target: string },
  signal?: AbortSignal,
): Promise<EmbedderPool> {
  const { url, serviceKey, fetch } = gateway;
  const { project, target } = of;
  const defaultHeaders = { [PROJECT_HEADER]: project };
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: serviceKey, defaultHeaders, maxRetries: 3, timeout: CALL_MS, fetch });
  const ask = async (texts: readonly string[], stop?: AbortSignal): Promise<number[][]> => {
    // Providers refuse texts without a character.
    const input = texts.map((text) => text || ' ');
    const body = { model: target, input, encoding_format: 'float' as const };
    try {
      const { data } = await client.embeddings.create(body, stop ? { signal: stop } : {});
      const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
      if (vectors.length === texts.length) return vectors;
      throw new StillhouseError('upstream_invalid', `${target} answered ${texts.length} texts with ${vectors.length} vectors.`);
    } catch (error) {
      throw failureOf(error, target);
    }
  };
  const dimensions = (await ask(['dimensions'], signal))[0]!.length;
  const sha256 = createHash('sha256').update(`${target} ${dimensions}`).digest('hex');
  return {
    info: { name: target, sha256, dimensions, maxTokens: 8192 },
    embed: async (texts, stop) => {
      const out: Matrix = { rows: texts.length, columns: dimensions, data: new Float32Array(texts.length * dimensions) };
      let next = 0;
      const work = async () => {
        while (next < texts.length) {
          stop?.throwIfAborted();
          const from = next;
          next += PORTION;
          const vectors = await ask(texts.slice(from, from + PORTION), stop);
          vectors.forEach((vector, i) => {
            if (vector.length !== dimensions) throw new StillhouseError('upstream_invalid', `${target} changed the length of its vectors.`);
            out.data.set(vector, (from + i) * dimensions);
          });
        }
      };
      await Promise.all(Array.from({ length: CALLS }, work));
      return toUnitLength(out);
    },
    close: () => Promise.resolve(),
  };
}

function failureOf(error: unknown, target: string): unknown {
  if (!(error instanceof APIError) || error instanceof APIUserAbortError) return error;
  const cause = { cause: error };
  if (error instanceof APIConnectionError)
    return new StillhouseError('unavailable', `The gateway can't be reached: ${error.message}`, cause);
  const status = error.status as number | undefined;
  const mayPass = status === undefined || status === 408 || status === 409 || status === 429 || status >= 500;
  const code = mayPass ? 'unavailable' : 'invalid_request';
  return new StillhouseError(code, `The embeddings of ${target} could not be had: ${error.message.slice(0, 300)}`, cause);
}
