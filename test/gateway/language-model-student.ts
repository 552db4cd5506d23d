import { Student } from '../../contracts/distil.ts';

/** A language-model student of the registry, which a student server is to answer for. */
export const languageModelStudent = Student.parse({
  name: 'support',
  version: 1,
  kind: 'language-model',
  manifest: { key: 'students/support.json', sha256: 'a'.repeat(64), bytes: 1 },
  labels: [],
  base: { id: 'tiny', digest: 'a'.repeat(64) },
  lineage: null,
  evaluation: null,
  createdAt: '2026-01-01T00:00:00.000Z',
});
