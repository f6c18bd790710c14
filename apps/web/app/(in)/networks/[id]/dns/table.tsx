'use client';
import { type Cluster, DnsRecord, type Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Globe } from 'lucide-react';
import type { z } from 'zod';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { Empty, Mono } from '../../../../../ui/page.tsx';
import { Table } from '../../../../../ui/table.tsx';

const Records = pageOf(DnsRecord);

const addresses = (list: string[]) =>
  list.length === 0 ? (
    <span className="text-faint">no answer</span>
  ) : (
    <Mono>
      {list.map((address) => (
        <span key={address} className="block">
          {address}
        </span>
      ))}
    </Mono>
  );

export function RecordTable({
  network,
  records,
  clusters,
}: {
  network: Network;
  records: z.infer<typeof Records>;
  clusters: Cluster[];
}) {
  const { data } = useLoaded(`/networks/${network.id}/records`, Records, records, 10);
  const clusterName = (id: string) => clusters.find((one) => one.id === id)?.name ?? id;
  if (data.items.length === 0)
    return (
      <Empty icon={<Globe size={30} strokeWidth={1.6} aria-hidden />} title="No name yet">
        Each peer and each cluster gets a name below <Mono>{network.zone}</Mono> once it has an address.
      </Empty>
    );
  return (
    <>
      <dl className="mb-6 grid gap-x-8 gap-y-2 text-sm sm:grid-cols-3">
        <View title="Inside" text="What nodes of the same cluster hear: the private address." />
        <View
          title="Outside"
          text="What the rest of the network hears: a peer’s overlay address, a cluster’s gateways."
        />
        <View title="Public" text={`What the zone ${network.zone} answers anybody.`} />
      </dl>
      <Table
        caption={`Names below ${network.zone}`}
        rows={data.items}
        keyOf={(record) => record.name}
        columns={[
          { title: 'Name', heads: true, cell: (record) => <Mono>{record.name}</Mono> },
          { title: 'Cluster', cell: (record) => clusterName(record.clusterId) },
          { title: 'Inside', cell: (record) => addresses(record.inside) },
          { title: 'Outside', cell: (record) => addresses(record.outside) },
          { title: 'Public', cell: (record) => addresses(record.public) },
        ]}
      />
    </>
  );
}

function View({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <dt className="font-semibold">{title}</dt>
      <dd className="text-quiet">{text}</dd>
    </div>
  );
}
