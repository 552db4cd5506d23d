import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { EncoderManifest } from '../../contracts/stages.ts';
import type { Stillhouse, StudentImport } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import { fileStream } from './read-file.ts';
import type { CliContext } from './context.ts';
import { showStudent } from './show-student.ts';

interface ImportOptions {
  gguf?: string;
  adapter?: string;
  encoder?: string;
  base?: string;
  labels?: string;
}

/** `students import`: a model that was trained elsewhere becomes a student that is marked as not evaluated. */
export function addImportCommand(students: Command, context: CliContext): void {
  students
    .command('import')
    .description('make a student of a model that was trained elsewhere; it is marked as not evaluated')
    .argument('<name>', 'what the student is to be called')
    .addOption(new Option('--gguf <file>', 'a whole model').conflicts(['adapter', 'encoder']))
    .addOption(
      new Option('--adapter <folder>', 'a LoRA adapter: adapter.gguf, and the files of PEFT where they are there').conflicts(['encoder']),
    )
    .option('--encoder <folder>', 'an encoder that "students pull" has written')
    .option('--base <name>', "the adapter's base: its id, or a student that stands on it")
    .option('--labels <a,b,c>', 'the labels that it answers with')
    .action(async (name: string, options: ImportOptions) => {
      const out = context.out();
      const { client } = context.connection();
      const model = await uploaded(client, name, options);
      const labels = options.labels?.split(',').map((label) => label.trim());
      const request = { name, model, ...(options.base ? { base: options.base } : {}), ...(labels ? { labels } : {}) };
      const student = await client.students.import(request);
      out.print(student, () => showStudent(out, student, context.now()));
    });
}

async function uploaded(client: Stillhouse, name: string, options: ImportOptions): Promise<StudentImport['model']> {
  const send = async (path: string, kind: 'gguf' | 'safetensors' | 'json' | 'floats') =>
    (await client.students.upload(name, fileStream(await present(path)), kind)).sha256;
  if (options.gguf !== undefined) return { form: 'gguf', model: await send(options.gguf, 'gguf') };
  if (options.adapter !== undefined) return adapterAt(options.adapter, send);
  if (options.encoder !== undefined) return encoderAt(options.encoder, send);
  throw new CliError('What is to be imported? Name it by --gguf, --adapter or --encoder.', { exitCode: 2 });
}

type Send = (path: string, kind: 'gguf' | 'safetensors' | 'json' | 'floats') => Promise<string>;

/** `adapter.gguf` is served; PEFT's own files are kept beside it for use elsewhere. */
async function adapterAt(given: string, send: Send): Promise<StudentImport['model']> {
  const isFile = given.endsWith('.gguf');
  const folder = isFile ? dirname(given) : given;
  const gguf = isFile ? given : join(folder, 'adapter.gguf');
  const [config, weights] = [join(folder, 'adapter_config.json'), join(folder, 'adapter_model.safetensors')];
  if (!(await exists(gguf)))
    throw new CliError(
      `--adapter: ${folder} has no adapter.gguf. llama.cpp's convert_lora_to_gguf.py makes it of PEFT's files: convert_lora_to_gguf.py --base <base> --outfile ${gguf} ${folder}`,
      { exitCode: 2 },
    );
  const adapter = await send(gguf, 'gguf');
  if (isFile || !(await exists(config)) || !(await exists(weights))) return { form: 'adapter', adapter };
  return { form: 'adapter', adapter, config: await send(config, 'json'), weights: await send(weights, 'safetensors') };
}

async function encoderAt(folder: string, send: Send): Promise<StudentImport['model']> {
  const path = join(folder, 'manifest.json');
  const parsed = EncoderManifest.safeParse(JSON.parse(await readFile(await present(path), 'utf8')));
  if (!parsed.success) throw new CliError(`--encoder: ${path} is no manifest of a Stillhouse encoder.`, { exitCode: 2 });
  await send(join(folder, 'head.f32'), 'floats');
  if (parsed.data.neighbours) for (const file of ['vectors.f32', 'votes.f32']) await send(join(folder, file), 'floats');
  return { form: 'encoder', manifest: await send(path, 'json') };
}

async function present(path: string): Promise<string> {
  if (await exists(path)) return path;
  throw new CliError(`${basename(path)} can't be read: there is no file ${path}.`, { exitCode: 2 });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}
