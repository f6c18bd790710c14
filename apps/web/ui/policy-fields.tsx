'use client';
/** How clusters of one cloud reach each other, and what is done when a cloud differs from what it should hold. */
import { DriftPolicy, Peering } from '@skein/contract/primitive.ts';
import { SelectField } from './field.tsx';

const PEERING: Record<Peering, string> = {
  none: 'Over the internet, encrypted',
  'same-provider': 'Within one cloud by VPC peering',
};
const DRIFT: Record<DriftPolicy, string> = {
  heal: 'Mend it and say so',
  ask: 'Ask before it is mended',
  report: 'Only say so',
};

export function PeeringField({ value, onChange }: { value: Peering; onChange: (value: Peering) => void }) {
  return (
    <SelectField
      label="Between clusters"
      help="Encrypted either way; peering takes private addresses"
      value={value}
      onChange={(event) => onChange(Peering.parse(event.target.value))}
    >
      {Peering.options.map((option) => (
        <option key={option} value={option}>
          {PEERING[option]}
        </option>
      ))}
    </SelectField>
  );
}

export function DriftPolicyField({
  value,
  onChange,
}: {
  value: DriftPolicy;
  onChange: (value: DriftPolicy) => void;
}) {
  return (
    <SelectField
      label="When a cloud differs"
      help="A rule deleted by hand, a machine gone"
      value={value}
      onChange={(event) => onChange(DriftPolicy.parse(event.target.value))}
    >
      {DriftPolicy.options.map((option) => (
        <option key={option} value={option}>
          {DRIFT[option]}
        </option>
      ))}
    </SelectField>
  );
}
