import type { Student } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import { EncoderManifest } from '../../contracts/stages.ts';
import type { StudentImport } from '../../contracts/students.ts';
import { baseOfAdapter, ggufModel, requireAdapterFits } from '../../core/students/gguf-model.ts';
import { canonicalJson, contentHash } from '../../platform/content-hash.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { byName } from '../aliases/by-name.ts';
import { ggufOfArtifact } from './gguf-artifact.ts';
import { requireModelFile } from './model-files.ts';
import { languageModelManifest } from './student-artifacts.ts';

/** What an import needs of the gateway. */
interface Import {
  artifacts: ArtifactStore;
  snapshot: RegistrySnapshot;
  request: StudentImport;
  /** ISO time of the import. */
  at: string;
}

/** Default of `max_tokens` where no training has shown how long an answer is. */
const USUAL_ANSWER_TOKENS = 512;

/** A student of uploaded files: checked, with a manifest in the artifact store, without lineage and evaluation. */
export async function importedStudent(made: Import): Promise<Omit<Student, 'version'>> {
  refuseTrained(made);
  const { model } = made.request;
  switch (model.form) {
    case 'gguf':
      return languageModel(made, await wholeModel(made, model.model));
    case 'adapter':
      return languageModel(made, await adapterOnBase(made, model));
    case 'encoder':
      return encoder(made, model.manifest);
  }
}

/** What was trained and evaluated here is not replaced by what was not. */
function refuseTrained({ snapshot, request }: Import): void {
  const there = byName(snapshot.students, request.name);
  if (there?.lineage)
    throw new StillhouseError('conflict', `name: student "${request.name}" was trained here; choose another name for the import.`, {
      param: 'name',
    });
}

async function wholeModel({ artifacts, request }: Import, sha256: string): Promise<LanguageModelManifest> {
  const ref = await requireModelFile(artifacts, sha256, 'model.model', ['gguf']);
  const found = ggufModel(await ggufOfArtifact(artifacts, ref));
  return {
    ...NOT_EVALUATED,
    base: {
      id: request.base ?? (found.name || request.name),
      digest: sha256,
      parameters: found.parameters,
      contextTokens: found.contextTokens,
      vocabulary: found.vocabulary,
      licence: found.licence,
    },
    quantization: found.quantization,
    served: { form: 'merged', model: ref },
    merged: ref,
    peft: null,
    chatTemplate: found.chatTemplate,
    templateOptions: templateOptionsOf(found.chatTemplate),
    controlTokens: found.controlTokens,
    contextTokens: found.contextTokens,
    maxAnswerTokens: Math.min(USUAL_ANSWER_TOKENS, Math.max(1, Math.floor(found.contextTokens / 2))),
    labels: request.labels,
  };
}

const NOT_EVALUATED = {
  format: 'stillhouse-language-model/1',
  task: null,
  agreement: null,
  validationScore: null,
  card: null,
} as const;

/** A student answers, and does not think aloud first: as the trainer asks the template. */
function templateOptionsOf(template: string): LanguageModelManifest['templateOptions'] {
  return template.includes('enable_thinking') ? { enable_thinking: false } : {};
}

async function adapterOnBase(
  made: Import,
  { adapter, config, weights }: Extract<StudentImport['model'], { form: 'adapter' }>,
): Promise<LanguageModelManifest> {
  const { artifacts, request } = made;
  const ref = await requireModelFile(artifacts, adapter, 'model.adapter', ['gguf']);
  const header = await ggufOfArtifact(artifacts, ref);
  const on = await baseStudent(made, request.base ?? baseOfAdapter(header));
  const base = on.served.form === 'adapter' ? on.served.base : on.served.model;
  requireAdapterFits(header, await ggufOfArtifact(artifacts, base));
  const peft =
    config && weights
      ? {
          config: await requireModelFile(artifacts, config, 'model.config', ['json']),
          weights: await requireModelFile(artifacts, weights, 'model.weights', ['safetensors']),
        }
      : null;
  const { base: inspected, quantization, chatTemplate, templateOptions, controlTokens, contextTokens } = on;
  const served = { form: 'adapter' as const, base, adapter: ref };
  const answers = { maxAnswerTokens: Math.min(USUAL_ANSWER_TOKENS, Math.max(1, Math.floor(contextTokens / 2))), labels: request.labels };
  const conversation = { chatTemplate, templateOptions, controlTokens, contextTokens };
  return { ...NOT_EVALUATED, base: inspected, quantization, served, merged: null, peft, ...conversation, ...answers };
}

/** The manifest of a student that stands on the wanted base: by its own name, or by the base's id. */
async function baseStudent({ artifacts, snapshot }: Import, wanted: string | null): Promise<LanguageModelManifest> {
  const all = Object.values(snapshot.students).filter((student) => student.kind === 'language-model');
  const student =
    wanted === null
      ? undefined
      : (all.find(({ name }) => name === wanted) ?? all.find(({ base }) => base?.id.toLowerCase() === wanted.toLowerCase()));
  if (student) return languageModelManifest(artifacts, student.manifest);
  const bases = [...new Set(all.map(({ base }) => `"${base?.id}"`))];
  const there = bases.length > 0 ? `There are students on ${bases.join(', ')}.` : 'No base has been exported here yet.';
  const asked = wanted === null ? 'the adapter does not say which base it is for' : `no student here stands on "${wanted}"`;
  throw new StillhouseError(
    'invalid_request',
    `base: ${asked}, so that there is no file to serve it on. ${there} Distil a student on that base first, or import base and adapter merged into one GGUF.`,
    { param: 'base' },
  );
}

async function languageModel({ artifacts, request, at }: Import, manifest: LanguageModelManifest): Promise<Omit<Student, 'version'>> {
  const bytes = Buffer.from(canonicalJson(LanguageModelManifest.parse(manifest)));
  const ref = await artifacts.put(`models/manifest-${contentHash(manifest).slice(0, 32)}.json`, bytes);
  const base = { id: manifest.base.id, digest: manifest.base.digest };
  return { ...imported(request, at), kind: 'language-model', manifest: ref, embedderSha256: null, base };
}

function imported({ name, labels }: StudentImport, at: string) {
  return { name, labels, placement: null, hosted: null, lineage: null, evaluation: null, createdAt: at };
}

/** A pulled encoder: its manifest names its files by their hashes, which must have been uploaded. */
async function encoder({ artifacts, request, at }: Import, sha256: string): Promise<Omit<Student, 'version'>> {
  const manifest = await artifacts.get(await requireModelFile(artifacts, sha256, 'model.manifest', ['json']));
  const parsed = EncoderManifest.safeParse(JSON.parse(manifest.toString('utf8')));
  if (!parsed.success)
    throw new StillhouseError('invalid_request', 'model.manifest: it is no manifest of a Stillhouse encoder.', { param: 'model.manifest' });
  const { head, neighbours } = parsed.data;
  const numbers = (ref: { sha256: string }, what: string) => requireModelFile(artifacts, ref.sha256, `model.manifest.${what}`, ['floats']);
  const here: EncoderManifest = {
    ...parsed.data,
    head: await numbers(head, 'head'),
    neighbours: neighbours && {
      ...neighbours,
      vectors: await numbers(neighbours.vectors, 'neighbours.vectors'),
      votes: await numbers(neighbours.votes, 'neighbours.votes'),
    },
    // the graph is for use elsewhere; it is not served and does not travel
    onnx: null,
  };
  const ref = await artifacts.put(`models/manifest-${contentHash(here).slice(0, 32)}.json`, Buffer.from(canonicalJson(here)));
  const { labels, embedder } = here;
  return { ...imported({ ...request, labels }, at), kind: 'encoder', manifest: ref, embedderSha256: embedder.sha256, base: null };
}
