import { Autocomplete } from '@mantine/core';
import type { AutocompleteProps } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { StudentBase } from '../../../../contracts/students.ts';
import { basesQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { formatParameters } from '../format/numbers.ts';
import type { FieldsProps } from './request-form.ts';
import classes from './new-distillation.module.css';

/** What is trained: a name from the list, or any hub id. */
export function StudentField({ form, errors, onChange }: FieldsProps) {
  const bases = useQuery(basesQuery(useApi())).data ?? [];
  const byName = new Map(bases.map((base) => [base.name, base]));
  const chosen = byName.get(form.student.trim());
  const renderOption: AutocompleteProps['renderOption'] = ({ option }) => {
    const base = byName.get(option.value);
    return (
      <span className={classes.option}>
        <span className="mono">{option.value}</span>
        <span className={classes.optionFacts}>{base && sizeOf(base)}</span>
      </span>
    );
  };
  return (
    <Autocomplete
      label="Student"
      description={chosen ? describe(chosen) : 'A name from the list, a hub id such as organisation/model, or a configured base'}
      placeholder="encoder"
      data={groupsOf(bases)}
      renderOption={renderOption}
      filter={({ options, search }) => (byName.has(search.trim()) ? options : narrowed(options, search))}
      maxDropdownHeight={320}
      value={form.student}
      onChange={(student) => onChange({ student })}
      error={errors['student']}
      className={classes.whole}
    />
  );
}

type Options = Parameters<NonNullable<AutocompleteProps['filter']>>[0]['options'];

/** A field that holds a choice shows the others too; one that is being written in shows what fits. */
function narrowed(options: Options, search: string): Options {
  const wanted = search.trim().toLowerCase();
  return options.flatMap((option): Options => {
    if (!('group' in option)) return option.value.toLowerCase().includes(wanted) ? [option] : [];
    const items = option.items.filter(({ value }) => value.toLowerCase().includes(wanted));
    return items.length > 0 ? [{ ...option, items }] : [];
  });
}

function groupsOf(bases: readonly StudentBase[]) {
  return [...Map.groupBy(bases, (base) => base.family)].map(([group, items]) => ({ group, items: items.map(({ name }) => name) }));
}

function sizeOf({ kind, parameters, licence }: StudentBase): string {
  const size = kind === 'encoder' ? 'no GPU, seconds' : parameters === null ? '' : formatParameters(parameters);
  return [size, licence].filter(Boolean).join(' · ');
}

function describe(base: StudentBase): string {
  if (base.kind === 'encoder') return 'A small classifier on sentence vectors: labels only, trained in seconds without a GPU';
  const facts = [
    `on ${base.base}`,
    base.parameters === null ? '' : `${formatParameters(base.parameters)} parameters`,
    base.licence ?? '',
    base.gated ? 'gated: needs a hub token' : '',
    base.taskFloor.length > 0 ? `enough for ${base.taskFloor.join(', ')}` : '',
  ];
  return `LoRA ${facts.filter(Boolean).join(' · ')}`;
}
