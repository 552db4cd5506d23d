import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type OpenAI, toStreamingFile } from 'openai';
import { StillhouseError } from '../../contracts/errors.ts';
import type { TuningFile, TuningFiles, UploadTuningFilesInput } from '../../contracts/hosted.ts';
import { removeLeftBehind } from '../../platform/left-behind.ts';
import { type Pulse, withHeartbeat } from '../heartbeat.ts';
import type { HostedDeps } from './hosted-deps.ts';
import { isGone, tuningClient, tuningFailure } from './tuning-client.ts';
import { TuningJournal } from './tuning-journal.ts';
import { type LocalTuningFile, writeTuningLines } from './tuning-lines.ts';

/** Longer than an upload may take. */
const STALL_MS = 2000_000;
/** OpenAI takes no fewer examples. */
const FEWEST_ROWS = 10;

/** Whose file it is, and where it goes. */
interface Upload {
  client: OpenAI;
  journal: TuningJournal;
  project: string;
  provider: string;
  pulse: Pulse;
}

export function createUploadTuningFilesActivity(deps: HostedDeps) {
  const journal = new TuningJournal(deps.artifacts);
  return {
    /**
     * Puts the curated rows to the provider as its training and validation file. Safe to retry because a file is called by the
     * hash of its content: one that is journalled, or that the provider has by that name, is not sent again.
     */
    uploadTuningFiles: (input: UploadTuningFilesInput): Promise<TuningFiles> =>
      withHeartbeat(STALL_MS, async (pulse) => {
        const { project, provider, curated } = input;
        await mkdir(deps.temporaryFolder, { recursive: true });
        await removeLeftBehind(deps.temporaryFolder);
        const name = randomUUID();
        const pathOf = (split: string) => join(deps.temporaryFolder, `tuning-${split}-${name}.jsonl`);
        try {
          const { train, validation } = await writeTuningLines(deps.artifacts, curated, pathOf);
          if (train.rows < FEWEST_ROWS)
            throw new StillhouseError(
              'dataset_too_small',
              `${train.rows} rows have an answer to train on; it takes at least ${FEWEST_ROWS}.`,
            );
          const upload = { client: tuningClient(deps.gateway, provider), journal, project, provider, pulse };
          return {
            training: await placed(upload, train),
            validation: validation.rows > 0 ? await placed(upload, validation) : null,
          };
        } finally {
          await Promise.all([rm(pathOf('train'), { force: true }), rm(pathOf('validation'), { force: true })]);
        }
      }),
  };
}

/** The file as the provider has it: from the journal, found there by its name, or sent. */
async function placed(upload: Upload, local: LocalTuningFile): Promise<TuningFile> {
  const { client, journal, project, provider, pulse } = upload;
  const { sha256, bytes, rows } = local;
  const of = { project, provider, sha256 };
  const options = { signal: pulse.signal };
  try {
    const known = await journal.fileId(of);
    if (known !== null) {
      const isThere = await client.files.retrieve(known, options).then(
        () => true,
        (error: unknown) => (isGone(error) ? false : Promise.reject(error)),
      );
      if (isThere) return { fileId: known, sha256, bytes, rows };
      await journal.forgetFile(of);
    }
    const name = `stillhouse-${sha256}.jsonl`;
    // An upload whose answer nobody journalled: the worker, the gateway or the line was gone.
    const fileId = (await fileCalled(client, name, bytes, options)) ?? (await send(upload, local, name));
    return { fileId: await journal.noteFile(of, fileId), sha256, bytes, rows };
  } catch (error) {
    throw tuningFailure(error, provider, 'a training file');
  }
}

async function fileCalled(client: OpenAI, name: string, bytes: number, options: { signal: AbortSignal }): Promise<string | null> {
  for await (const file of client.files.list({ purpose: 'fine-tune', order: 'desc' }, options))
    if (file.filename === name && file.bytes === bytes && file.status !== 'error') return file.id;
  return null;
}

async function send({ client, provider, pulse }: Upload, { path }: LocalTuningFile, name: string): Promise<string> {
  const bytes = createReadStream(path);
  const file = toStreamingFile(bytes, name, { type: 'application/jsonl' });
  const sent = await client.files
    .create({ file, purpose: 'fine-tune' }, { signal: pulse.signal })
    // Nobody reads it to its end where the gateway is not there.
    .finally(() => bytes.destroy());
  if (sent.status === 'error')
    throw new StillhouseError(
      'tuning_failed',
      `Provider "${provider}" refused a training file: ${sent.status_details ?? 'no reason was given'}`,
    );
  pulse.progress({ bytes: sent.bytes });
  return sent.id;
}
