import { ActionIcon, Autocomplete, NumberInput, Tooltip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { formatPercent } from '../format/numbers.ts';
import type { TargetDraft } from './alias-draft.ts';
import classes from './alias.module.css';

interface TargetInputProps {
  draft: TargetDraft;
  options: string[];
  /** Share of the calls, where there is more than one target. */
  share: number | null;
  errors: { target: string | undefined; weight: string | undefined };
  onChange: (part: Partial<TargetDraft>) => void;
  onRemove: (() => void) | undefined;
}

/** One target, its weight, and the share that it comes to. */
export function TargetInput({ draft, options, share, errors, onChange, onRemove }: TargetInputProps) {
  return (
    <div className={classes.targetRow}>
      <Autocomplete
        aria-label="Target"
        placeholder="provider/model or student/name"
        data={options}
        value={draft.target}
        onChange={(target) => onChange({ target })}
        error={errors.target}
      />
      <Tooltip label={share === null ? 'weight' : `${formatPercent(share)} of the calls`}>
        <NumberInput
          aria-label="Weight"
          value={draft.weight}
          onChange={(weight) => onChange({ weight })}
          min={0}
          hideControls
          error={errors.weight}
          rightSection={
            share === null ? null : (
              <span className="numbers dimmed" style={{ fontSize: 11.5 }}>
                {formatPercent(share, 0)}
              </span>
            )
          }
          rightSectionWidth={44}
        />
      </Tooltip>
      {onRemove && (
        <ActionIcon variant="subtle" color="gray" size={34} onClick={onRemove} aria-label={`Remove ${draft.target || 'this target'}`}>
          <IconX size={15} />
        </ActionIcon>
      )}
    </div>
  );
}
