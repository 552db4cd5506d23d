import { existsSync, globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const SOURCES = join(import.meta.dirname, '..');
const STYLES = join(dirname(createRequire(import.meta.url).resolve('@mantine/core/styles.css')), 'styles');

it('brings the styles of every Mantine component in use', () => {
  const imports = globSync('**/*.tsx', { cwd: SOURCES }).flatMap((file) => {
    const source = readFileSync(join(SOURCES, file), 'utf8');
    return [...source.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)].flatMap(([, names]) =>
      names!.split(',').map((name) => name.trim()),
    );
  });
  const styled = [...new Set(imports)].filter((name) => existsSync(join(STYLES, `${name}.css`)));
  const brought = readFileSync(join(import.meta.dirname, 'mantine.css'), 'utf8');
  expect(styled.length).toBeGreaterThan(10);
  expect(styled.filter((name) => !brought.includes(`/${name}.css'`))).toEqual([]);
});
