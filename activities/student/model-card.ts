import type { ExportStudentInput, LanguageModelManifest, TrainedStudent } from '../../contracts/language-model.ts';

/** The student's model card: Markdown with the front matter that model hubs read. */
export function modelCard(manifest: LanguageModelManifest, trained: TrainedStudent, input: ExportStudentInput): string {
  const { base, agreement, quantization } = manifest;
  const { settings, curated } = trained;
  const { lineage, distillation, task, labels } = input;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const facts: [string, string][] = [
    ['Distillation', distillation],
    ['Teacher', lineage.teacher],
    ['Dataset', `${lineage.dataset}, version ${lineage.datasetVersion} (${lineage.datasetHash.slice(0, 16)})`],
    ['Training rows', `${curated.rows ?? 'unknown'} curated rows (${curated.sha256.slice(0, 16)})`],
    ['Gold answers in training', lineage.usedGold ? 'yes' : 'no'],
    ['Base', `${base.id} (${base.digest.slice(0, 16)}), ${(base.parameters / 1e6).toFixed(1)} million parameters`],
    ['Adapter', `LoRA, rank ${settings.loraRank}, alpha ${settings.loraAlpha}`],
    ['Loss', `beta ${settings.beta} (${settings.preference}), gamma ${settings.gamma}, ${settings.rounds} round(s), seed ${settings.seed}`],
    ['Validation: as the teacher', `${percent(trained.validationScore)} (${percent(trained.warmupScore)} after plain NLL)`],
    ['Served form', `base in ${quantization ?? 'f16'}, adapter in 16 bits`],
    [
      'Agreement with the trained model',
      agreement ? `${percent(agreement.top1)} of ${agreement.tokens} tokens on ${agreement.prompts} held-out prompts` : 'not measured',
    ],
  ];
  return [
    '---',
    `license: ${base.licence ?? 'unknown'}`,
    `base_model: ${base.id}`,
    'library_name: peft',
    'pipeline_tag: text-generation',
    'tags: [distillation, lora, stillhouse]',
    '---',
    '',
    `# ${distillation}`,
    '',
    `A ${task === 'label' ? `classifier of ${labels.length} labels` : `student for ${task} answers`}, distilled by Stillhouse from the recorded answers of ${lineage.teacher}.`,
    'How it compares with its teacher on unseen rows stands in the evaluation of its registry entry.',
    '',
    '| | |',
    '| --- | --- |',
    ...facts.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    ...(task === 'label' ? [`Labels: ${labels.map((label) => `\`${label}\``).join(', ')}.`, ''] : []),
    "The base's licence holds for the student too.",
    '',
  ].join('\n');
}
