import type { Overview, Page, TargetInfo } from '../../contracts/http.ts';
import type { ProviderView } from '../../contracts/providers.ts';
import type { Estimate, EstimateRequest } from '../../contracts/students.ts';
import { Aliases } from './aliases.ts';
import { Clusters } from './clusters.ts';
import { Datasets } from './datasets.ts';
import { Distillations } from './distillations.ts';
import { Keys } from './keys.ts';
import { Projects, ProviderKeys } from './projects.ts';
import { Students } from './students.ts';
import { Traces } from './traces.ts';
import { Transport } from './transport.ts';
import { readUsage, type UsageFilter } from './usage.ts';
import { Webhooks } from './webhooks.ts';
import type { Usage } from '../../contracts/usage.ts';
import { type TriedTarget, tryTarget } from './try-target.ts';
import type { StillhouseOptions } from './transport.ts';

/**
 * The control plane of a gateway. Runs in Node and in browsers. Calls of models do not go through it: point any OpenAI
 * client to `<url>/v1`.
 */
export class Stillhouse {
  readonly traces: Traces;
  readonly aliases: Aliases;
  readonly clusters: Clusters;
  readonly datasets: Datasets;
  readonly distillations: Distillations;
  readonly students: Students;
  readonly keys: Keys;
  readonly projects: Projects;
  readonly providerKeys: ProviderKeys;
  readonly webhooks: Webhooks;
  readonly #transport: Transport;
  constructor(options: StillhouseOptions) {
    this.#transport = new Transport(options);
    this.traces = new Traces(this.#transport);
    this.aliases = new Aliases(this.#transport);
    this.clusters = new Clusters(this.#transport);
    this.datasets = new Datasets(this.#transport);
    this.distillations = new Distillations(this.#transport);
    this.students = new Students(this.#transport);
    this.keys = new Keys(this.#transport);
    this.projects = new Projects(this.#transport);
    this.providerKeys = new ProviderKeys(this.#transport);
    this.webhooks = new Webhooks(this.#transport);
  }

  /** The last 24 hours in numbers, and how the stack stands. */
  overview(signal?: AbortSignal): Promise<Overview> {
    return this.#transport.json('GET', '/overview', { signal });
  }

  /** Calls, errors, tokens, cost and latency by groups, over the last 30 days unless said otherwise. */
  usage(filter: UsageFilter = {}, signal?: AbortSignal): Promise<Usage> {
    return readUsage(this.#transport, filter, signal);
  }

  /** What can be called, at what price, and why not where it can't. */
  async targets(signal?: AbortSignal): Promise<TargetInfo[]> {
    return (await this.#transport.json<Page<TargetInfo>>('GET', '/targets', { signal })).items;
  }

  /** The configured providers: whether their keys are set, models with prices and breakers, and how they did in the last hour. */
  async providers(signal?: AbortSignal): Promise<ProviderView[]> {
    return (await this.#transport.json<Page<ProviderView>>('GET', '/providers', { signal })).items;
  }

  /** What a distillation would take: dollars, hours, memory, disk, test rows. Nothing is started. */
  estimate(request: EstimateRequest, signal?: AbortSignal): Promise<Estimate> {
    return this.#transport.json('POST', '/estimate', { json: request, signal });
  }

  /** One message to a target or alias, as an app would send it; for more than a look, use an OpenAI client. */
  tryTarget(target: string, message: string, signal?: AbortSignal): Promise<TriedTarget> {
    return tryTarget(this.#transport, target, message, signal);
  }
}
