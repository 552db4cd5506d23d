import { NumberInput, Switch } from '@mantine/core';
import type { FieldsProps } from './request-form.ts';
import classes from './new-distillation.module.css';

/** Samples, cap, margin, and the switches that need a thought. */
export function LimitFields({ form, errors, onChange }: FieldsProps) {
  const number = (key: 'nSamples' | 'keepBest' | 'temperature' | 'maxUsd' | 'marginPoints' | 'seed') => ({
    value: form[key],
    onChange: (value: number | string) => onChange({ [key]: value }),
    error: errors[key],
  });
  return (
    <div className={classes.fields}>
      <NumberInput
        label="Samples a prompt"
        description="The recorded answer counts as one"
        {...number('nSamples')}
        min={1}
        max={32}
        allowDecimal={false}
      />
      <NumberInput
        label="Best kept"
        description="Answers that training sees"
        {...number('keepBest')}
        min={1}
        max={32}
        allowDecimal={false}
      />
      <NumberInput label="Cap" description="New upstream spend, checked before each call" prefix="$" {...number('maxUsd')} min={0} />
      <NumberInput
        label="Margin"
        description="How much worse the student may be"
        suffix=" points"
        {...number('marginPoints')}
        min={0}
        max={50}
      />
      <NumberInput label="Temperature" description="Of the teacher’s samples" {...number('temperature')} min={0} max={2} step={0.1} />
      <NumberInput label="Seed" description="The same seed gives the same student" {...number('seed')} min={0} allowDecimal={false} />
      <Switch
        label="Wait for a person before the alias moves"
        checked={form.approval}
        onChange={(event) => onChange({ approval: event.currentTarget.checked })}
        className={classes.whole}
      />
      <Switch
        label="Use gold answers in training"
        description="They evaluate otherwise; the report card says that they were used."
        checked={form.useGold}
        onChange={(event) => onChange({ useGold: event.currentTarget.checked })}
        className={classes.whole}
      />
    </div>
  );
}
