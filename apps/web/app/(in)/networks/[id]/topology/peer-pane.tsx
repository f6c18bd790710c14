'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Link, Peer } from '@skein/contract/rest/peer.ts';
import { X } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { Notice } from '../../../../../ui/notice.tsx';
import { Mono } from '../../../../../ui/page.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { Ago } from '../../../../../ui/time.tsx';
import { bytesOf, rttOf } from '../../../../../ui/words.ts';

export function PeerPane({
  peer,
  peers,
  clusters,
  links,
  onClose,
}: {
  peer: Peer;
  peers: readonly Peer[];
  clusters: readonly Cluster[];
  links: readonly Link[];
  onClose: () => void;
}) {
  const clusterOf = (id: string | undefined) => clusters.find((one) => one.id === id)?.name;
  const nameOf = (id: string) => {
    const other = peers.find((one) => one.id === id);
    return other ? `${other.name}.${clusterOf(other.clusterId)}` : id;
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onClose();
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [onClose]);
  return (
    <aside aria-label={`About ${peer.name}`} className="rounded-lg border border-line bg-raised p-5">
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="truncate text-lg font-semibold tracking-tight">{peer.name}</h2>
          <p className="text-sm text-quiet">
            {peer.role === 'gateway' ? 'Gateway' : 'Member'} of {clusterOf(peer.clusterId)}
          </p>
        </div>
        <button
          type="button"
          aria-label="Close"
          onClick={onClose}
          className="-mt-1 -mr-1 rounded-md p-1.5 text-faint hover:bg-sunken hover:text-ink"
        >
          <X size={17} aria-hidden />
        </button>
      </div>
      <div className="mt-3">
        <Status state={peer.state} />
      </div>
      {peer.problem && (
        <div className="mt-3">
          <Notice tone="bad">{peer.problem}</Notice>
        </div>
      )}
      <dl className="mt-4 space-y-2 text-sm">
        <Fact label="Overlay">
          <Mono>{peer.overlayAddress}</Mono>
        </Fact>
        <Fact label="IPv6">
          <Mono>{peer.overlayAddress6 ?? '–'}</Mono>
        </Fact>
        <Fact label="Private">
          <Mono>{peer.privateAddress ?? '–'}</Mono>
        </Fact>
        <Fact label="Public">
          <Mono>{peer.publicAddress ?? '–'}</Mono>
        </Fact>
        <Fact label="WireGuard">
          {peer.wireguard === 'userspace' ? 'in user space' : (peer.wireguard ?? '–')}
        </Fact>
        <Fact label="Agent">{peer.agentVersion ?? '–'}</Fact>
        <Fact label="Map revision">{peer.appliedNumber ?? '–'}</Fact>
        <Fact label="Seen">
          <Ago at={peer.lastSeenAt} />
        </Fact>
      </dl>
      <h3 className="mt-5 mb-2 text-sm font-semibold">Links</h3>
      {links.length === 0 ? (
        <p className="text-sm text-quiet">None reported yet.</p>
      ) : (
        <ul className="space-y-2.5 text-sm">
          {links.map((link) => (
            <li key={link.to}>
              <span className="flex items-center justify-between gap-2">
                <span className="truncate">{nameOf(link.to)}</span>
                <Status state={link.state} bare />
              </span>
              <span className="flex justify-between gap-2 text-xs text-faint tabular-nums">
                <span>{rttOf(link.rttMilliseconds)} round trip</span>
                <span>
                  {bytesOf(link.receivedBytes)} in, {bytesOf(link.sentBytes)} out
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </aside>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex justify-between gap-3">
      <dt className="text-faint">{label}</dt>
      <dd className="min-w-0 truncate text-right">{children}</dd>
    </div>
  );
}
