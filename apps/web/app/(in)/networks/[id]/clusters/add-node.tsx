'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import { MintedJoinToken, type Peer, TopologyView } from '@skein/contract/rest/peer.ts';
import { CircleCheck, CircleDashed } from 'lucide-react';
import { useRef, useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { useEvents } from '../../../../../fetch/use-events.ts';
import { Button } from '../../../../../ui/button.tsx';
import { CopyText } from '../../../../../ui/copy.tsx';
import { Dialog } from '../../../../../ui/dialog.tsx';
import { TextField } from '../../../../../ui/field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Mono } from '../../../../../ui/page.tsx';
import { PlanDialog } from '../../../../../ui/plan/plan-dialog.tsx';
import { Ago } from '../../../../../ui/time.tsx';
import { plural, providerName } from '../../../../../ui/words.ts';

export function AddNode({ cluster, onClose }: { cluster: Cluster | null; onClose: () => void }) {
  const [planned, setPlanned] = useState(0);
  return (
    <>
      <Dialog
        open={cluster !== null && planned === 0}
        onOpenChange={(open) => !open && onClose()}
        title={`Add nodes to ${cluster?.name ?? ''}`}
      >
        {cluster && (
          <div className="space-y-6">
            {cluster.cloudAccountId !== null && <MakeNodes cluster={cluster} onWish={setPlanned} />}
            <OneLiner cluster={cluster} />
          </div>
        )}
      </Dialog>
      <PlanDialog
        title={`Add ${plural(planned, 'node')} to ${cluster?.name ?? ''}`}
        onClose={() => setPlanned(0)}
        asked={
          cluster && planned > 0
            ? {
                networkId: cluster.networkId,
                change: { change: 'add-nodes', clusterId: cluster.id, nodes: planned },
                action: `Make ${plural(planned, 'node')}`,
                apply: (planHash) =>
                  call('POST', `/clusters/${cluster.id}/nodes`, Operation, { count: planned, planHash }),
              }
            : null
        }
      />
    </>
  );
}

function MakeNodes({ cluster, onWish }: { cluster: Cluster; onWish: (count: number) => void }) {
  const [count, setCount] = useState(1);
  return (
    <section className="space-y-3 border-b border-line pb-6">
      <h3 className="font-semibold">Let Skein make them</h3>
      <div className="flex items-end gap-3">
        <div className="w-24">
          <TextField
            label="Nodes"
            type="number"
            min={1}
            max={20}
            value={count}
            onChange={(event) => setCount(Number(event.target.value))}
          />
        </div>
        <Button look="primary" disabled={!(count >= 1 && count <= 20)} onClick={() => onWish(count)}>
          Plan {plural(count, 'node')} in {providerName(cluster.provider)}
        </Button>
      </div>
    </section>
  );
}

/** A cluster grows by itself: as many nodes as a token can have, for as long as one counts. */
const NODES_A_TOKEN = 1000;
const LONGEST_SECONDS = 7 * 86_400;

function OneLiner({ cluster }: { cluster: Cluster }) {
  const [minted, setMinted] = useState<MintedJoinToken | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const kubernetes = cluster.kubernetes?.distribution === 'existing';
  const wish = kubernetes ? { uses: NODES_A_TOKEN, expiresInSeconds: LONGEST_SECONDS } : {};
  async function mint() {
    setBusy(true);
    try {
      setMinted(await call('POST', `/clusters/${cluster.id}/join-tokens`, MintedJoinToken, wish));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className="space-y-3">
      <h3 className="font-semibold">
        {kubernetes ? 'Join every node of the cluster' : 'Or join a node of your own'}
      </h3>
      {minted === null ? (
        <>
          <p className="text-sm text-quiet">
            {kubernetes
              ? 'One command puts the agent on every node. Its token lets nodes join for a week; nodes that have joined stay. A node with the label skein.dev/gateway=true is a gateway.'
              : 'One command on a Linux node, as root. Its token works once, for an hour. Keys are made on the node and never leave it.'}
          </p>
          <Button busy={busy} onClick={() => void mint()}>
            Show the command
          </Button>
        </>
      ) : (
        <>
          <CopyText text={minted.command} label="Copy the command" />
          <p className="text-sm text-faint">
            Expires <Ago at={minted.expiresAt} />. It is not shown again.
          </p>
          <Arrival cluster={cluster} since={minted.createdAt} />
        </>
      )}
      {failure && <Notice tone="bad">{failure}</Notice>}
    </section>
  );
}

/** Waits for a peer of the cluster that enrolled after the token was made, and turns green when it connects. */
function Arrival({ cluster, since }: { cluster: Cluster; since: string }) {
  const known = useRef<Set<string> | null>(null);
  const [peer, setPeer] = useState<Peer | null>(null);
  useEvents(
    `/networks/${cluster.networkId}/events`,
    {
      topology: (data) => {
        const ours = TopologyView.parse(data).peers.filter((one) => one.clusterId === cluster.id);
        known.current ??= new Set(
          ours.filter((one) => one.enrolledAt !== null && one.enrolledAt < since).map((one) => one.id),
        );
        const before = known.current;
        const arrived = ours.find(
          (one) => !before.has(one.id) && one.enrolledAt !== null && one.enrolledAt >= since,
        );
        if (arrived) setPeer(arrived);
      },
    },
    peer?.state !== 'connected',
  );
  const here = peer?.state === 'connected';
  return (
    <div
      role="status"
      data-arrival={here ? 'connected' : 'waiting'}
      className={`flex items-center gap-2.5 rounded-md px-3.5 py-3 text-sm font-medium ${
        here ? 'bg-good-soft text-good' : 'bg-sunken text-quiet'
      }`}
    >
      {here ? (
        <>
          <CircleCheck size={18} aria-hidden />
          <span>
            {peer.name} is connected as <Mono>{peer.overlayAddress}</Mono>
          </span>
        </>
      ) : (
        <>
          <CircleDashed size={18} className="turning" aria-hidden />
          {peer ? `${peer.name} has enrolled and is connecting …` : 'Waiting for the agent to connect …'}
        </>
      )}
    </div>
  );
}
