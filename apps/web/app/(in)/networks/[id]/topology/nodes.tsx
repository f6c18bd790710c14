'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import { Router, Server } from 'lucide-react';
import { StatusIcon } from '../../../../../ui/status.tsx';
import { providerName } from '../../../../../ui/words.ts';
import type { Side } from './arrange.ts';

type Cloud = Node<{ provider: Cluster['provider'] }, 'cloud'>;
type ClusterBox = Node<{ cluster: Cluster }, 'cluster'>;
type PeerBox = Node<
  { peer: Peer; side: Side; chosen: boolean; onChoose: (id: string | null) => void },
  'peer'
>;
export type NodeKinds = Cloud | ClusterBox | PeerBox;

export function CloudNode({ data }: NodeProps<Cloud>) {
  return (
    <div className="size-full rounded-lg border border-dashed border-line-strong px-4 pt-2 text-sm font-medium text-quiet">
      {providerName(data.provider)}
    </div>
  );
}

export function ClusterNode({ data: { cluster } }: NodeProps<ClusterBox>) {
  return (
    <div className="flex size-full items-start justify-between gap-3 rounded-lg border border-line bg-raised px-4 pt-2.5">
      <span className="min-w-0">
        <span className="block truncate font-semibold tracking-tight">{cluster.name}</span>
        <span className="block truncate text-xs text-faint">{cluster.region}</span>
      </span>
      <span className="pt-0.5 font-mono text-xs text-faint">{cluster.overlayCidr}</span>
    </div>
  );
}

const BORDERS: Record<Peer['state'], string> = {
  connected: 'border-good/45',
  disconnected: 'border-bad/60',
  expected: 'border-line-strong border-dashed',
  removed: 'border-line',
};

export function PeerNode({ data: { peer, chosen, onChoose } }: NodeProps<PeerBox>) {
  const Icon = peer.role === 'gateway' ? Router : Server;
  return (
    <>
      {([Position.Left, Position.Right] as const).map((side) => (
        <span key={side}>
          <Handle id={side} type="source" position={side} isConnectable={false} />
          <Handle id={side} type="target" position={side} isConnectable={false} />
        </span>
      ))}
      <button
        type="button"
        data-peer={peer.name}
        aria-pressed={chosen}
        onClick={() => onChoose(chosen ? null : peer.id)}
        className={`nodrag nopan flex size-full items-center gap-2.5 rounded-md border bg-paper px-2.5 text-left hover:border-accent ${
          chosen ? 'border-accent ring-2 ring-accent/30' : BORDERS[peer.state]
        }`}
      >
        <Icon size={17} className={peer.role === 'gateway' ? 'text-accent' : 'text-faint'} aria-hidden />
        <span className="min-w-0 flex-1">
          <span className="block truncate text-sm leading-4 font-medium">{peer.name}</span>
          <span className="block font-mono text-[11px] leading-4 text-faint">{peer.overlayAddress}</span>
        </span>
        <StatusIcon state={peer.state} size={15} />
      </button>
    </>
  );
}
