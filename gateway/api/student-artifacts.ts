import { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { Student } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { EncoderManifest } from '../../contracts/stages.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/** A file of a student under the name that it is downloaded by. */
export interface NamedArtifact {
  file: string;
  ref: ArtifactRef;
  about: string;
}

/** A language model's manifest. */
export async function languageModelManifest(artifacts: ArtifactStore, ref: ArtifactRef): Promise<LanguageModelManifest> {
  return parse(LanguageModelManifest, ref, await artifacts.get(ref));
}

/** All files of a student, its manifest first. Their names are ours: none of them comes from outside. */
export async function studentArtifacts(artifacts: ArtifactStore, student: Student): Promise<NamedArtifact[]> {
  const bytes = await artifacts.get(student.manifest);
  const manifest = { file: 'manifest.json', ref: student.manifest, about: 'what the student is made of' };
  return [manifest, ...filesOf(student, bytes)];
}

function filesOf({ kind, manifest }: Student, bytes: Buffer): NamedArtifact[] {
  switch (kind) {
    case 'encoder':
      return encoderFiles(parse(EncoderManifest, manifest, bytes));
    case 'language-model':
      return languageModelFiles(parse(LanguageModelManifest, manifest, bytes));
    case 'hosted':
      // its weights are the provider's
      return [];
  }
}

function encoderFiles({ head, neighbours, onnx }: EncoderManifest): NamedArtifact[] {
  return [
    { file: 'head.f32', ref: head, about: 'weights and biases of the labels' },
    ...(neighbours
      ? [
          { file: 'vectors.f32', ref: neighbours.vectors, about: 'vectors of the training rows' },
          { file: 'votes.f32', ref: neighbours.votes, about: 'their label distributions' },
        ]
      : []),
    ...(onnx ? [{ file: 'model.onnx', ref: onnx, about: 'encoder and head as one graph, without neighbours' }] : []),
  ];
}

function languageModelFiles({ served, merged, peft, card, quantization }: LanguageModelManifest): NamedArtifact[] {
  const form = quantization ?? 'f16';
  const files: NamedArtifact[] = [];
  if (served.form === 'adapter') {
    files.push({ file: 'adapter.gguf', ref: served.adapter, about: 'the LoRA adapter, for llama.cpp' });
    files.push({ file: `base.${form}.gguf`, ref: served.base, about: 'the base that it is served on' });
  } else files.push({ file: `model.${form}.gguf`, ref: served.model, about: 'the whole model' });
  if (merged && served.form === 'adapter') files.push({ file: `merged.${form}.gguf`, ref: merged, about: 'base and adapter as one model' });
  if (peft) {
    files.push({ file: 'adapter_config.json', ref: peft.config, about: "PEFT's configuration of the adapter" });
    files.push({ file: 'adapter_model.safetensors', ref: peft.weights, about: "PEFT's weights of the adapter" });
  }
  if (card) files.push({ file: 'README.md', ref: card, about: 'the model card: lineage and scores' });
  return files;
}

function parse<T>(schema: { parse: (value: unknown) => T }, ref: ArtifactRef, bytes: Buffer): T {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new StillhouseError('artifact_corrupt', `${ref.key} is no manifest of a student.`, { cause });
  }
}
