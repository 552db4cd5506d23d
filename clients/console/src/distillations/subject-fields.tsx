import { Autocomplete, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { aliasesQuery, datasetsQuery, targetsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { formatCount } from '../format/numbers.ts';
import type { FieldsProps } from './request-form.ts';
import { StudentField } from './student-field.tsx';
import classes from './new-distillation.module.css';

/** Dataset, student, teacher, alias, name. */
export function SubjectFields({ form, errors, onChange }: FieldsProps) {
  const api = useApi();
  const datasets = useQuery(datasetsQuery(api)).data ?? [];
  const targets = useQuery(targetsQuery(api)).data ?? [];
  const aliases = useQuery(aliasesQuery(api)).data ?? [];
  const options = datasets.map(({ name, version, status, rows, newestReady }) => ({
    value: name,
    label: `${name}: ${status === 'ready' ? `version ${version}, ${formatCount(rows.train + rows.validation + rows.test)} rows` : newestReady === null ? status : `version ${newestReady}, for version ${version} is ${status}`}`,
    // A run takes the newest version that is ready.
    disabled: newestReady === null,
  }));
  const teachers = targets.filter(({ kind, ready }) => kind === 'provider' && ready).map(({ target }) => target);
  return (
    <div className={classes.fields}>
      <Select
        label="Dataset"
        description="What the student learns from and is tested on"
        placeholder={options.length === 0 ? 'no dataset yet' : 'choose one'}
        required
        searchable
        data={options}
        value={form.dataset || null}
        onChange={(dataset) => onChange({ dataset: dataset ?? '' })}
        error={errors['dataset']}
        className={classes.whole}
      />
      <StudentField form={form} errors={errors} onChange={onChange} />
      <Autocomplete
        label="Teacher"
        description="Default: what answered most of the dataset"
        placeholder="provider/model"
        data={teachers}
        value={form.teacher}
        onChange={(teacher) => onChange({ teacher })}
        error={errors['teacher']}
      />
      <Autocomplete
        label="Alias to move"
        description="Only if the student is not worse"
        placeholder="none"
        data={aliases.map(({ name }) => name)}
        value={form.alias}
        onChange={(alias) => onChange({ alias })}
        error={errors['alias']}
      />
      <TextInput
        label="Name"
        description="Default: made from the input, so that the same input joins"
        placeholder="support-2"
        value={form.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
        error={errors['name']}
        className={classes.whole}
      />
    </div>
  );
}
