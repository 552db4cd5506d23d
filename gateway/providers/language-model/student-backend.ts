import type { ArtifactRef } from '../../../contracts/identifiers.ts';
import type { ProviderAnswer, ProviderCall } from '../provider.ts';

/** A language-model student as its server knows it. */
export interface PlacedStudent {
  /** Name and manifest: a student that was trained anew is another one, and never answered by what is loaded still. */
  id: string;
  /** `student/<name>`. */
  target: string;
  manifest: ArtifactRef;
}

/** A place where language-model students are served: one file a kind of server. */
export interface StudentBackend {
  /** Why it can serve nobody, as it is configured; null where it can. */
  readonly refusal: string | null;
  /**
   * Asks for an answer, and loads the student first where the server does not know it. Throws `upstream_*`,
   * `cancelled`, `artifact_*`, or `invalid_request` for what this kind of server can't do.
   */
  call(student: PlacedStudent, call: ProviderCall): Promise<ProviderAnswer>;
  /** Loads a student before its first call. */
  prepare(student: PlacedStudent): Promise<void>;
  /** Lets its calls end and takes it out. One that is not there is success. */
  release(student: PlacedStudent): Promise<void>;
  close(): Promise<void>;
}
