import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { type GgufHeader, readGgufHeader } from '../../core/students/gguf-header.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { MOST_HEADER_BYTES } from './model-file-check.ts';

/** The header of a GGUF in the artifact store; its weights stay where they are. */
export async function ggufOfArtifact(artifacts: ArtifactStore, ref: ArtifactRef): Promise<GgufHeader> {
  const stream = await artifacts.open(ref);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let tryAt = 1024 ** 2;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < tryAt) continue;
      const header = readGgufHeader(Buffer.concat(chunks));
      if (header) return header;
      if (bytes > MOST_HEADER_BYTES) break;
      tryAt *= 4;
    }
    const header = readGgufHeader(Buffer.concat(chunks));
    if (header) return header;
  } finally {
    stream.destroy();
  }
  throw new StillhouseError('artifact_corrupt', `The artifact "${ref.key}" ends before its header does.`);
}
