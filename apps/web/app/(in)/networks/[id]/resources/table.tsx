'use client';
import { CloudResource, type Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Boxes } from 'lucide-react';
import type { z } from 'zod';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { KIND_NAMES } from '../../../../../ui/kinds.tsx';
import { Empty, Mono, Section } from '../../../../../ui/page.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { plural, providerName } from '../../../../../ui/words.ts';

const Resources = pageOf(CloudResource);

export function ResourceTable({
  networkId,
  resources,
  clusters,
}: {
  networkId: string;
  resources: z.infer<typeof Resources>;
  clusters: Cluster[];
}) {
  const { data } = useLoaded(`/networks/${networkId}/resources`, Resources, resources, 5);
  const living = data.items.filter((one) => one.status !== 'gone');
  if (living.length === 0)
    return (
      <Empty icon={<Boxes size={30} strokeWidth={1.6} aria-hidden />} title="Nothing in the clouds">
        What Skein makes for this network is listed here, with the cloud’s own id. All of it carries Skein’s
        owner tags; nothing without them is ever changed.
      </Empty>
    );
  const groups = [
    ...clusters.map((cluster) => ({
      title: cluster.name,
      lead: `${providerName(cluster.provider)}, ${cluster.region}`,
      rows: living.filter((one) => one.clusterId === cluster.id),
    })),
    {
      title: 'The whole network',
      lead: 'Shared by all clusters',
      rows: living.filter((one) => !clusters.some((cluster) => cluster.id === one.clusterId)),
    },
  ].filter((group) => group.rows.length > 0);
  return groups.map((group) => (
    <Section
      key={group.title}
      title={group.title}
      lead={`${group.lead} · ${plural(group.rows.length, 'resource')}`}
    >
      <Table
        caption={`Cloud resources of ${group.title}`}
        rows={group.rows}
        keyOf={(one) => one.id}
        columns={[
          { title: 'What', heads: true, cell: (one) => KIND_NAMES[one.kind] },
          { title: 'About', cell: (one) => one.summary },
          { title: 'Cloud’s id', cell: (one) => <Mono>{one.externalId ?? '–'}</Mono> },
          { title: 'State', cell: (one) => <Status state={one.status} bare /> },
        ]}
      />
    </Section>
  ));
}
