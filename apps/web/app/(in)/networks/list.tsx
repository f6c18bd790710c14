'use client';
import { Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Plus, TriangleAlert, Waypoints } from 'lucide-react';
import Link from 'next/link';
import type { z } from 'zod';
import { useLoaded } from '../../../fetch/use-loaded.ts';
import { ButtonLink } from '../../../ui/button.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Empty, Mono, PageHeader } from '../../../ui/page.tsx';
import { Status } from '../../../ui/status.tsx';
import { plural } from '../../../ui/words.ts';

const Networks = pageOf(Network);

export function NetworkList({ initial }: { initial: z.infer<typeof Networks> }) {
  const { data, failure } = useLoaded('/networks', Networks, initial, 5);
  return (
    <>
      <PageHeader
        title="Networks"
        lead="Each one joins clusters in several clouds: encrypted, peer to peer, with one set of names."
        actions={
          data.items.length > 0 && (
            <ButtonLink href="/networks/new" look="primary">
              <Plus size={16} aria-hidden /> New network
            </ButtonLink>
          )
        }
      />
      {failure && (
        <div className="mb-4">
          <Notice tone="warn">{failure}</Notice>
        </div>
      )}
      {data.items.length === 0 ? (
        <Empty
          icon={<Waypoints size={30} strokeWidth={1.6} aria-hidden />}
          title="No network yet"
          action={
            <ButtonLink href="/networks/new" look="primary">
              Make the first network
            </ButtonLink>
          }
        >
          Name the clouds and the clusters. Skein shows what it would make, then makes it: networks, firewall
          rules, nodes, names. You can watch every step.
        </Empty>
      ) : (
        <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
          {data.items.map((network) => (
            <li key={network.id}>
              <Link
                href={`/networks/${network.id}`}
                className="block rounded-lg border border-line bg-raised p-5 transition-[border-color,box-shadow] hover:border-line-strong hover:shadow-[0_6px_24px_var(--shadow)]"
              >
                <span className="flex items-start justify-between gap-3">
                  <span className="min-w-0 truncate text-lg font-semibold tracking-tight">
                    {network.name}
                  </span>
                  <Status state={network.state} />
                </span>
                <span className="mt-1 block truncate text-sm text-faint">
                  <Mono>{network.zone}</Mono>
                </span>
                <PeerMeter {...network.peers} />
                <span className="mt-2 flex justify-between text-sm text-quiet">
                  <span>
                    {network.peers.connected} of {plural(network.peers.expected, 'peer')} connected
                  </span>
                  <span>{plural(network.clusters, 'cluster')}</span>
                </span>
                {network.drift > 0 && (
                  <span className="mt-2 flex items-center gap-1.5 text-sm font-medium text-warn">
                    <TriangleAlert size={15} strokeWidth={2.2} aria-hidden />
                    {plural(network.drift, 'difference')} in the clouds
                  </span>
                )}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function PeerMeter({ expected, connected }: { expected: number; connected: number }) {
  const share = expected === 0 ? 0 : Math.min(1, connected / expected);
  return (
    <span aria-hidden className="mt-6 block h-1 overflow-hidden rounded-full bg-sunken">
      <span
        className={`block h-full rounded-full ${share === 1 ? 'bg-good' : 'bg-warn'}`}
        style={{ width: `${share * 100}%` }}
      />
    </span>
  );
}
