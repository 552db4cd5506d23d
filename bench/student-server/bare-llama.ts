import type { Token } from 'node-llama-cpp';
import { openLlama } from '../../serving/language-model/llama.ts';
import type { Logger } from '../../platform/logger.ts';

/** node-llama-cpp alone, as short as it can be written: what the engine and the server add is measured against it. */
export interface BareLlama {
  answer(prompt: string): Promise<string>;
  close(): Promise<void>;
}

export async function bareLlama(files: { base: string; adapter: string; contextTokens: number }, log: Logger): Promise<BareLlama> {
  const llama = await openLlama({ gpu: false, threads: 1, log });
  const model = await llama.loadModel({ modelPath: files.base });
  const lora = { adapters: [{ filePath: files.adapter }] };
  const context = await model.createContext({ contextSize: files.contextTokens, sequences: 1, threads: 1, lora });
  const sequence = context.getSequence();
  return {
    async answer(prompt) {
      const ids = model.tokenize(prompt, true);
      const known = Math.min(sequence.compareContextTokens(ids).firstDifferentIndex, ids.length - 1);
      if (known < sequence.nextTokenIndex) await sequence.eraseContextTokenRanges([{ start: known, end: sequence.nextTokenIndex }]);
      const tokens: Token[] = [];
      for await (const token of sequence.evaluate(ids.slice(known), { temperature: 0 })) if (tokens.push(token) >= 16) break;
      return model.detokenize(tokens);
    },
    close: () => llama.dispose(),
  };
}
