import type { ModelConfig, ProviderConfig } from '../../contracts/configuration.ts';
import { upstreamBody } from '../chat/chat-request.ts';
import { Exchange } from './exchange.ts';
import { tokenCost } from './price.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';
import { providerConnection } from './provider-connection.ts';
import { upstreamError } from './upstream-error.ts';

/** Any server that speaks OpenAI's dialect, at any base URL. */
export function openAICompatible(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const connection = providerConnection(config, secret);
  const { pool, refusal } = connection;
  const path = `${connection.path}/chat/completions`;
  const headers: Record<string, string> = { 'content-type': 'application/json', ...connection.headers };
  const models = new Map(config.models.map((model) => [model.id, model]));
  return Object.freeze({
    id: config.id,
    async call(call: ProviderCall): Promise<ProviderAnswer> {
      if (refusal) throw refusal;
      const exchange = new Exchange(config.id, call.request.stream, call.signal);
      try {
        pool.dispatch({ method: 'POST', path, headers, body: upstreamBody(call.request, call.model) }, exchange);
        return await exchange.answer;
      } catch (error) {
        throw upstreamError(error, config.id);
      }
    },
    cost: (model: string, usage) => tokenCost(models.get(model) ?? tunedModel(models, model), usage),
    targets: () =>
      config.models.map((model) => ({
        target: `${config.id}/${model.id}`,
        kind: 'provider' as const,
        inputUsdPerMTok: model.inputUsdPerMTok ?? null,
        outputUsdPerMTok: model.outputUsdPerMTok ?? null,
        ...(model.tuning ? { tuning: model.tuning } : {}),
        ready: refusal === null,
        reason: refusal?.message ?? '',
      })),
    close: () => pool.destroy(),
  } satisfies Provider);
}

/** `ft:<model>:<organisation>:…` is a tuning of a model and has the price of its tuned form. */
function tunedModel(models: ReadonlyMap<string, ModelConfig>, id: string): ModelConfig | undefined {
  const [prefix, base, organisation] = id.split(':');
  if (prefix !== 'ft' || base === undefined || organisation === undefined) return undefined;
  const tuning = models.get(base)?.tuning;
  return tuning && { ...tuning, id };
}
