import type { ModelConfig, ProviderConfig } from '../../contracts/configuration.ts';
import type { Student } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { tokenCost, tokenCostSplit } from './flat-price.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';

/** Students that the provider which tuned them serves. */
export interface HostedStudents {
  call(student: Student, call: ProviderCall): Promise<ProviderAnswer>;
  /** Why a student can't be asked; null where it can. */
  refusal(student: Student): string | null;
}

/** `providers` are the configured ones, `configs` their entries in `stillhouse.yaml`. */
export function hostedStudents(configs: readonly ProviderConfig[], providers: readonly Provider[]): HostedStudents {
  const refusal = ({ hosted }: Student): string | null => {
    const provider = providers.find(({ id }) => id === hosted?.provider);
    if (!hosted || !provider) return `its provider "${hosted?.provider ?? ''}" is not in stillhouse.yaml`;
    // One key and one address serve all of a provider's models.
    const [first] = provider.targets(emptySnapshot(''));
    return first && !first.ready ? first.reason : null;
  };
  return {
    refusal,
    async call(student, call) {
      const why = refusal(student);
      if (why !== null) throw new StillhouseError('unavailable', `The student "${student.name}" cannot be asked: ${why}`);
      const { provider, model, base } = student.hosted!;
      const answer = await providers.find(({ id }) => id === provider)!.call({ ...call, model });
      const price = tunedPrice(configs, provider, base);
      return { ...answer, priceOf: (usage) => tokenCost(price, usage), splitOf: (usage) => tokenCostSplit(price, usage) };
    },
  };
}

/** What the tuned form of a model costs; undefined where the configuration says nothing of it. */
function tunedPrice(configs: readonly ProviderConfig[], provider: string, base: string): ModelConfig | undefined {
  const model = configs.find(({ id }) => id === provider)?.models.find(({ id }) => id === base);
  return model?.tuning && { ...model.tuning, id: base };
}
