import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { checkArtifactKey } from './artifact-key.ts';
import type { ArtifactStore } from './store-contract.ts';
import { checkedBytes, checkedFile, missing, taken } from './checked.ts';
import { bytesOf, hashFile, sha256Of } from './content-hash.ts';

/** Sends of one artifact: a stream can't be sent twice, so the SDK's own retries don't cover it. */
const SENDS = 3;

/**
 * Artifacts in an S3 bucket: `s3://bucket/prefix?region=…&endpoint=…&pathStyle=1`. Credentials, and the region and
 * endpoint that the URL doesn't state, come as the AWS SDK finds them. Writes are exclusive by `If-None-Match: *`,
 * which S3 and its current likes honour; the content's hash rides along as metadata. At most 5 GB an artifact.
 */
export function s3ArtifactStore(url: string): ArtifactStore {
  const place = parsePlace(url);
  let client: Promise<S3Client> | undefined;
  // The SDK takes a third of a second to load: only where it is used.
  const sdk = () => import('@aws-sdk/client-s3');
  const s3 = () => (client ??= sdk().then(({ S3Client }) => new S3Client(place.client)));
  const nameOf = (key: string) => {
    checkArtifactKey(key);
    return { Bucket: place.bucket, Key: place.prefix + key };
  };

  async function find(key: string): Promise<ArtifactRef | null> {
    const { HeadObjectCommand } = await sdk();
    try {
      const head = await (await s3()).send(new HeadObjectCommand(nameOf(key)));
      const sha256 = head.Metadata?.['sha256'] ?? sha256Of(await bytesOf(await read(key)));
      return { key, sha256, bytes: head.ContentLength ?? 0 };
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw failure(error, key);
    }
  }

  async function read(key: string): Promise<Readable> {
    const { GetObjectCommand } = await sdk();
    try {
      return (await (await s3()).send(new GetObjectCommand(nameOf(key)))).Body as Readable;
    } catch (error) {
      throw failure(error, key);
    }
  }

  async function write(ref: ArtifactRef, body: () => Uint8Array | Readable): Promise<ArtifactRef> {
    const { PutObjectCommand } = await sdk();
    const name = nameOf(ref.key);
    const checksum = Buffer.from(ref.sha256, 'hex').toString('base64');
    for (let send = 1; ; send += 1) {
      try {
        const input = {
          ...name,
          Body: body(),
          ContentLength: ref.bytes,
          IfNoneMatch: '*',
          ChecksumSHA256: checksum,
          Metadata: { sha256: ref.sha256 },
        };
        await (await s3()).send(new PutObjectCommand(input));
        return ref;
      } catch (error) {
        const status = statusOf(error);
        // 412: something is there, perhaps our own send whose answer was lost. 409: another writer is at it.
        if (status === 412) return settled(ref, await find(ref.key));
        if (send === SENDS || (status !== undefined && status < 500 && status !== 409)) throw failure(error, ref.key);
      }
    }
  }

  return {
    url: `s3://${place.bucket}/${place.prefix}`,
    put: (key, bytes) => write({ key, sha256: sha256Of(bytes), bytes: bytes.length }, () => bytes),
    putFile: async (key, path) => write({ key, ...(await hashFile(path)) }, () => createReadStream(path)),
    get: async (ref) => checkedBytes(ref, await bytesOf(await read(ref.key))),
    open: (ref) => read(ref.key),
    getFile: (ref, folder) => checkedFile(ref, folder, () => read(ref.key)),
    find,
    has: async (key) => (await find(key)) !== null,
    list: async (prefix) => listKeys(await s3(), place, prefix),
    async delete(key) {
      const { DeleteObjectCommand } = await sdk();
      await (await s3()).send(new DeleteObjectCommand(nameOf(key))).catch((error: unknown) => {
        throw failure(error, key);
      });
    },
  };
}

async function listKeys(client: S3Client, place: { bucket: string; prefix: string }, prefix: string): Promise<string[]> {
  const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const input = { Bucket: place.bucket, Prefix: place.prefix + prefix, ...(token ? { ContinuationToken: token } : {}) };
    const page = await client.send(new ListObjectsV2Command(input)).catch((error: unknown) => {
      throw failure(error, prefix);
    });
    for (const { Key } of page.Contents ?? []) if (Key) keys.push(Key.slice(place.prefix.length));
    token = page.NextContinuationToken;
  } while (token);
  return keys.sort();
}

function parsePlace(text: string) {
  const url = new URL(text);
  const path = url.pathname.replace(/^\/+|\/+$/g, '');
  const [region, endpoint] = [url.searchParams.get('region'), url.searchParams.get('endpoint')];
  if (!url.hostname) throw new StillhouseError('invalid_request', `"${text}" names no bucket: write s3://bucket/prefix.`);
  return {
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    client: {
      ...(region ? { region } : {}),
      ...(endpoint ? { endpoint } : {}),
      forcePathStyle: url.searchParams.get('pathStyle') === '1',
      // Our own SHA-256 is sent and checked; S3's likes don't all know the SDK's newer default checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED' as const,
      responseChecksumValidation: 'WHEN_REQUIRED' as const,
    },
  };
}

function settled(ours: ArtifactRef, there: ArtifactRef | null): ArtifactRef {
  if (there?.sha256 === ours.sha256) return ours;
  throw taken(ours.key);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function failure(error: unknown, key: string): StillhouseError {
  if (isStillhouseError(error)) return error;
  const status = statusOf(error);
  if (status === 404 && (error as Error).name !== 'NoSuchBucket') return missing(key);
  const reason = `${(error as Error).name}: ${(error as Error).message}`;
  return new StillhouseError('unavailable', `The artifact store can't serve "${key}" (${reason}).`, {
    cause: error,
    // A refusal (bucket, credentials) stays one; a network or server error may pass.
    retryable: status === undefined || status >= 500,
  });
}
