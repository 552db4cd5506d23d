import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/** A language-model student's manifest, checked against its hash. */
export async function readManifest(artifacts: ArtifactStore, ref: ArtifactRef): Promise<LanguageModelManifest> {
  const bytes = await artifacts.get(ref);
  try {
    return LanguageModelManifest.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw new StillhouseError('artifact_corrupt', `${ref.key} is not a manifest of a language-model student.`, { cause: error });
  }
}
