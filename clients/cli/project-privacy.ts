import { type Command, InvalidArgumentError } from 'commander';
import { DETECTORS, type Detector, type OwnPattern, type Privacy } from '../../contracts/privacy.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import type { Output } from './output.ts';

interface PrivacyOptions {
  storeBodies?: number;
  mask?: Detector[];
  pattern?: OwnPattern[];
  field?: string[];
  none?: true;
}

/** `projects privacy`: shows what of a project's calls is stored, or says it anew. */
export function addPrivacyCommand(projects: Command, context: CliContext): void {
  projects
    .command('privacy')
    .description('what of the calls is stored; options say all of it anew, without any it is shown')
    .argument('<name>')
    .option('--store-bodies <share>', 'share of the calls whose bodies are stored, 0 to 1', share)
    .option('--mask <detectors>', `what is masked: ${DETECTORS.join(', ')}, with commas`, detectors)
    .option('--pattern <name=regex...>', "a pattern of the project's own, in RE2's syntax", pattern)
    .option('--field <name...>', 'a member whose value is not stored: ssn, customer.email')
    .option('--none', 'everything is stored as it is')
    .action(async (name: string, options: PrivacyOptions) => {
      const out = context.out();
      const { client } = context.connection();
      const { none, storeBodies, mask, pattern: patterns, field: fields } = options;
      if (none && Object.keys(options).length > 1) throw new CliError('--none goes with no other option.');
      if (Object.keys(options).length === 0) {
        const found = (await client.projects.list()).find((project) => project.name === name);
        if (!found) throw new CliError(`There is no project "${name}".`);
        return out.print(found, () => showPrivacy(out, found.privacy));
      }
      const changed = await client.projects.change(name, { privacy: none ? null : { storeBodies, mask, patterns, fields } });
      out.print(changed, () => showPrivacy(out, changed.privacy));
    });
}

/** A cell of a table. */
export function storedInWords(privacy: Privacy | null): string {
  if (privacy === null) return 'all';
  const { storeBodies, mask, patterns, fields } = privacy;
  const bodies = storeBodies === 1 ? 'all' : storeBodies === 0 ? 'no bodies' : `${percent(storeBodies)} of bodies`;
  return mask.length + patterns.length + fields.length > 0 ? `${bodies}, masked` : bodies;
}

function showPrivacy(out: Output, privacy: Privacy | null): void {
  if (privacy === null) return out.line('Everything is stored as it is.');
  out.facts([
    ['bodies stored', percent(privacy.storeBodies)],
    ['masked', privacy.mask.join(', ') || 'nothing'],
    ['own patterns', privacy.patterns.map((own) => `[${own.name}] ${own.pattern}`).join(', ') || 'none'],
    ['not stored', privacy.fields.join(', ') || 'no fields'],
  ]);
}

function percent(part: number): string {
  return `${Number((100 * part).toFixed(4))} %`;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('must be a number from 0 to 1.');
  return value;
}

function detectors(text: string): Detector[] {
  const named = text.split(',').map((one) => one.trim());
  const unknown = named.find((one) => !(DETECTORS as readonly string[]).includes(one));
  if (unknown !== undefined) throw new InvalidArgumentError(`knows no "${unknown}": ${DETECTORS.join(', ')}.`);
  return [...new Set(named)] as Detector[];
}

function pattern(text: string, before: OwnPattern[] = []): OwnPattern[] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('must be <name>=<regex>.');
  return [...before, { name: text.slice(0, at), pattern: text.slice(at + 1) }];
}
