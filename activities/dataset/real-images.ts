import type { DatasetRow } from '../../contracts/datasets.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { IMAGE_REFERENCE } from '../../store/images/image-references.ts';
import { withImages } from '../../store/images/stored-images.ts';

/** Rows with images are long: so much goes into one insert. */
const CHUNK_CHARACTERS = 16 * 1024 * 1024;

/**
 * Rows with the images of their traces in them, in pieces that one insert takes: what is trained on and what a teacher is
 * asked is whole. Rows without images come as they are, all at once.
 */
export async function* withRealImages(
  artifacts: ArtifactStore,
  project: string,
  rows: readonly DatasetRow[],
): AsyncGenerator<DatasetRow[]> {
  let chunk: DatasetRow[] = [];
  let characters = 0;
  for (const row of rows) {
    const text = JSON.stringify(row.messages);
    if (text.includes(IMAGE_REFERENCE)) {
      const whole = await withImages(artifacts, project, text);
      if (characters > 0 && characters + whole.length > CHUNK_CHARACTERS) {
        yield chunk;
        chunk = [];
        characters = 0;
      }
      chunk.push({ ...row, messages: JSON.parse(whole) as DatasetRow['messages'] });
      characters += whole.length;
    } else chunk.push(row);
  }
  if (chunk.length > 0) yield chunk;
}
