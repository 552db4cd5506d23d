import type { Llama, LlamaGrammar, LlamaGrammarEvaluationState, LlamaModel } from 'node-llama-cpp';
import { StillhouseError } from '../../contracts/errors.ts';
import { jsonGrammar } from './json-grammar.ts';

/** Grammars of JSON schemas, read once. */
export interface Grammars {
  /** Where an answer begins. Throws `invalid_request` where the schema can't be held. */
  begin(schema: object | null, model: LlamaModel): Promise<LlamaGrammarEvaluationState>;
}

/** Schemas come from callers: the memory of them is bounded. */
const MAX_KNOWN = 100;

export function createGrammars(llama: () => Promise<Llama>): Grammars {
  const known = new Map<string, LlamaGrammar>();
  const read = async (schema: object | null): Promise<LlamaGrammar> => {
    const grammar = jsonGrammar(schema);
    const engine = await llama();
    return engine.createGrammar({ grammar }).catch((error: unknown) => {
      const message = `llama.cpp cannot read the grammar of this JSON schema: ${(error as Error).message}`;
      throw new StillhouseError('invalid_request', message, { cause: error, param: 'response_format' });
    });
  };
  return {
    async begin(schema, model) {
      const text = JSON.stringify(schema);
      const grammar = known.get(text) ?? (await read(schema));
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(text, grammar);
      const { LlamaGrammarEvaluationState: State } = await import('node-llama-cpp');
      return new State({ model, grammar });
    },
  };
}
