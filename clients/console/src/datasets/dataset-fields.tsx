import { Autocomplete, Checkbox, FileInput, SegmentedControl, Select, TagsInput, TextInput } from '@mantine/core';
import { VERDICTS } from '../traces/trace-search.ts';
import { useFilterOptions } from '../traces/use-filter-options.ts';
import type { DatasetDraft } from './dataset-draft.ts';
import classes from './new-dataset.module.css';

interface DatasetFieldsProps {
  draft: DatasetDraft;
  /** What was refused, by the field's path. */
  errors: Record<string, string>;
  onChange: (part: Partial<DatasetDraft>) => void;
}

/** What its answers are, and which labels there are. */
export function TaskFields({ draft, errors, onChange }: DatasetFieldsProps) {
  return (
    <div className={classes.fields}>
      <TextInput
        label="Name"
        description="A name that there is already gets a new version"
        placeholder="triage"
        value={draft.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
        error={errors['name']}
        required
      />
      <div>
        <div className={classes.label}>What the answers are</div>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="Task"
          data={[
            { value: 'label', label: 'one of a few labels' },
            { value: 'json', label: 'JSON' },
            { value: 'text', label: 'text' },
          ]}
          value={draft.task}
          onChange={(task) => onChange({ task: task as DatasetDraft['task'] })}
        />
      </div>
      {draft.task === 'label' && (
        <TagsInput
          label="Labels"
          description="The closed set; default: the answers seen"
          placeholder={draft.labels.length === 0 ? 'the answers seen' : ''}
          value={draft.labels}
          onChange={(labels) => onChange({ labels })}
          error={errors['task.labels']}
          acceptValueOnBlur
        />
      )}
      <Checkbox
        label="Of equal rows the first one stays"
        checked={draft.dropDuplicates}
        onChange={(event) => onChange({ dropDuplicates: event.currentTarget.checked })}
      />
    </div>
  );
}

/** Which calls become rows, or which file. */
export function SourceFields({ draft, errors, onChange }: DatasetFieldsProps) {
  return (
    <div className={classes.fields}>
      <SegmentedControl
        size="xs"
        aria-label="From"
        data={[
          { value: 'traces', label: 'recorded calls' },
          { value: 'file', label: 'a file' },
        ]}
        value={draft.from}
        onChange={(from) => onChange({ from: from as DatasetDraft['from'] })}
      />
      {draft.from === 'traces' ? (
        <TraceFields draft={draft} onChange={onChange} />
      ) : (
        <FileInput
          label="File"
          description={'Lines of {"messages": […], "answer": "…"}'}
          placeholder="rows.jsonl"
          accept=".jsonl,application/x-ndjson"
          value={draft.file}
          onChange={(file) => onChange({ file })}
          error={errors['source.file']}
          clearable
        />
      )}
    </div>
  );
}

function TraceFields({ draft, onChange }: Omit<DatasetFieldsProps, 'errors'>) {
  const options = useFilterOptions();
  const written = (field: 'alias' | 'model' | 'metadata' | 'since' | 'until') => ({
    value: draft[field],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => onChange({ [field]: event.currentTarget.value }),
  });
  const unknown = draft.cluster !== '' && !options.clusters.some(({ value }) => value === draft.cluster);
  return (
    <div className={classes.pair}>
      <Autocomplete label="Alias" placeholder="any" data={options.aliases} value={draft.alias} onChange={(alias) => onChange({ alias })} />
      <Select
        label="Cluster"
        placeholder="any"
        clearable
        searchable
        data={unknown ? [...options.clusters, { value: draft.cluster, label: draft.cluster }] : options.clusters}
        value={draft.cluster || null}
        onChange={(cluster) => onChange({ cluster: cluster ?? '' })}
      />
      <Autocomplete label="Model" placeholder="any" data={options.models} value={draft.model} onChange={(model) => onChange({ model })} />
      <Select
        label="What people said of them"
        placeholder="anything"
        clearable
        data={Object.entries(VERDICTS).map(([value, label]) => ({ value, label }))}
        value={draft.verdict || null}
        onChange={(verdict) => onChange({ verdict: (verdict ?? '') as DatasetDraft['verdict'] })}
      />
      <TextInput label="From" type="datetime-local" {...written('since')} />
      <TextInput label="To" type="datetime-local" {...written('until')} />
      <TextInput label="Metadata" placeholder="key=value, key=value" className={classes.whole} {...written('metadata')} />
    </div>
  );
}
