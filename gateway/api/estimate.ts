import { createRoute } from '@hono/zod-openapi';
import { DistilInput } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { Estimate, EstimateRequest } from '../../contracts/students.ts';
import { datasetShape } from '../../store/clickhouse/dataset-shape.ts';
import { datasetVolume } from '../../store/clickhouse/dataset-volume.ts';
import { findUsableDataset } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { hostedEstimate } from './hosted-estimate.ts';
import { answers, apiRouter, jsonBody, named } from './openapi.ts';
import { studentEstimate } from './student-estimate.ts';
import { requireStudentChoice } from './student-check.ts';
import { refuseImpossibleTarget } from './target-check.ts';
import { teacherEstimate } from './teacher-estimate.ts';
import { thisProcessor } from './this-processor.ts';

const estimate = createRoute({
  method: 'post',
  path: '/estimate',
  tags: ['distillations'],
  summary: 'What a distillation would take',
  description:
    "Dollars of the teacher, hours, memory and disk of the student, and the test rows that a decision needs: by the dataset's recorded calls and the base's size. Nothing is started or asked.",
  request: { body: jsonBody(named('EstimateRequest', EstimateRequest)) },
  responses: answers(200, 'The estimate', named('Estimate', Estimate)),
});

/** Estimates, before anything is paid. */
export function estimateRoutes(deps: ApiDeps) {
  return apiRouter().openapi(estimate, async (c) => {
    const { project } = c.get('caller');
    const { device: stated, ...request } = c.req.valid('json');
    if (request.project !== undefined && request.project !== project)
      throw new StillhouseError('forbidden', `project: this key belongs to the project "${project}"`, { param: 'project' });
    const input = DistilInput.parse({ ...request, project });
    const choice = requireStudentChoice(deps, project, input.student);
    if (input.teacher) refuseImpossibleTarget(deps, project, input.teacher, 'teacher');
    const dataset = await findUsableDataset(deps, project, input.dataset, input.datasetVersion);
    if (dataset.status !== 'ready')
      throw new StillhouseError('conflict', `dataset: "${dataset.name}" is ${dataset.status}; there is nothing to count.`, {
        param: 'dataset',
      });
    const teacher = input.teacher ?? (await datasetShape(deps.clickhouse, project, dataset)).answeredBy[0]?.target;
    if (!teacher)
      throw new StillhouseError('invalid_request', "teacher: must be stated, for no model has answered the dataset's rows.", {
        param: 'teacher',
      });
    const volume = await datasetVolume(deps.clickhouse, project, dataset, teacher);
    const targets = deps.targets(project);
    const price = targets.find((info) => info.target === teacher);
    const cost = teacherEstimate(input, dataset, volume, price);
    const device = stated ?? thisProcessor();
    const student =
      choice.kind === 'hosted'
        ? hostedEstimate(input, choice, volume, targets)
        : studentEstimate({ input, choice, dataset, volume, device, rates: deps.rates });
    return c.json(
      {
        ...student,
        ...cost,
        teacher,
        device,
        deviceSource: stated ? 'stated in the request' : "this gateway's processor; state a device to reckon with a worker's",
        warnings: [...cost.warnings, ...student.warnings],
      },
      200,
    );
  });
}
