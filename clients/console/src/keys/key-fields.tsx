import { NumberInput, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../api/project-scope.tsx';
import { aliasesQuery, targetsQuery } from '../api/queries.ts';
import type { KeyDraft } from './key-draft.ts';
import classes from './keys.module.css';

interface KeyFieldsProps {
  draft: KeyDraft;
  /** What the gateway refused, by the field's path. */
  errors: Record<string, string>;
  onChange: (part: Partial<KeyDraft>) => void;
}

/** Fields that `KeyFields` shows refusals at. */
export const KEY_FIELDS = /^(name|aliases|models|limits\.|expiresAt)/;

/** What a key is called, what it may call, and how much. */
export function KeyFields({ draft, errors, onChange }: KeyFieldsProps) {
  const api = useApi();
  const aliases = useQuery(aliasesQuery(api)).data?.map(({ name }) => name) ?? [];
  const targets = useQuery(targetsQuery(api)).data?.map(({ target }) => target) ?? [];
  const patterns = [...new Set(targets.map((target) => `${target.slice(0, target.indexOf('/'))}/*`))];
  const firstOf = (field: string) => Object.entries(errors).find(([path]) => path === field || path.startsWith(`${field}[`))?.[1];
  const limit = (field: keyof KeyDraft['limits']) => ({
    placeholder: 'none',
    min: 0,
    thousandSeparator: ',',
    value: draft.limits[field],
    onChange: (value: number | string) => onChange({ limits: { ...draft.limits, [field]: value } }),
    error: errors[`limits.${field}`],
  });
  return (
    <>
      <TextInput
        label="Name"
        description="For people, and for charts"
        placeholder="support-app"
        value={draft.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
        error={errors['name']}
        required
      />
      <TagsInput
        label="Aliases that it may call"
        description="With neither aliases nor models it may call everything"
        placeholder={draft.aliases.length === 0 ? 'any' : ''}
        data={aliases}
        value={draft.aliases}
        onChange={(next) => onChange({ aliases: next })}
        error={firstOf('aliases')}
        acceptValueOnBlur
      />
      <TagsInput
        label="Models that it may call"
        description="provider/model, or all of one: provider/*, student/*"
        placeholder={draft.models.length === 0 ? 'any' : ''}
        data={[...patterns, ...targets]}
        value={draft.models}
        onChange={(next) => onChange({ models: next })}
        error={firstOf('models')}
        acceptValueOnBlur
      />
      <div className={classes.pair}>
        <NumberInput label="Dollars a day" prefix="$" {...limit('usdPerDay')} />
        <NumberInput label="Dollars a month" prefix="$" {...limit('usdPerMonth')} />
        <NumberInput label="Requests a minute" allowDecimal={false} {...limit('requestsPerMinute')} />
        <NumberInput label="Tokens a minute" allowDecimal={false} {...limit('tokensPerMinute')} />
      </div>
      <TextInput
        type="datetime-local"
        label="Expires"
        description="By your clock; empty: never"
        value={draft.expires}
        onChange={(event) => onChange({ expires: event.currentTarget.value })}
        error={errors['expiresAt']}
      />
    </>
  );
}
