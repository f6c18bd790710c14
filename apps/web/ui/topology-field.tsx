'use client';
/** How clusters are linked with each other. */
import { Topology } from '@skein/contract/primitive.ts';
import { SelectField } from './field.tsx';

export const TOPOLOGY: Record<Topology, { name: string; about: string }> = {
  hybrid: { name: 'Hybrid', about: 'The gateways of every cluster are linked with those of every other' },
  full: { name: 'Full', about: 'Every node is linked with every other, past all gateways' },
  hub: { name: 'Hub', about: 'One cluster in the middle carries what the others say to each other' },
  random: { name: 'Random', about: 'Each cluster has at most four links, chosen by lot' },
  structured: { name: 'Structured', about: 'Rings within rings: few links and few hops for many clusters' },
};

/**
 * @param clusters what can be chosen as the hub: by id where the network is there, by name before
 * @param hub null lets Skein choose the best reachable
 */
export function TopologyField({
  value,
  hub,
  clusters,
  onChange,
}: {
  value: Topology;
  hub: string | null;
  clusters: readonly { value: string; name: string }[];
  onChange: (value: Topology, hub: string | null) => void;
}) {
  return (
    <>
      <SelectField
        label="Topology"
        help={TOPOLOGY[value].about}
        value={value}
        onChange={(event) => onChange(Topology.parse(event.target.value), null)}
      >
        {Topology.options.map((option) => (
          <option key={option} value={option}>
            {TOPOLOGY[option].name}
          </option>
        ))}
      </SelectField>
      {value === 'hub' && (
        <SelectField
          label="Cluster in the middle"
          help="Its gateways carry all traffic between other clusters"
          value={hub ?? ''}
          onChange={(event) => onChange(value, event.target.value || null)}
        >
          <option value="">The best reachable</option>
          {clusters.map((cluster) => (
            <option key={cluster.value} value={cluster.value}>
              {cluster.name}
            </option>
          ))}
        </SelectField>
      )}
    </>
  );
}
