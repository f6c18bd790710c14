'use client';
import { type KubernetesNode, KubernetesState } from '@skein/contract/rest/kubernetes.ts';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { CNI } from '../../../../../ui/kubernetes-fields.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Mono } from '../../../../../ui/page.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { Upgrade } from './upgrade.tsx';

/** What a cluster has of Kubernetes and what is found on its nodes, read when somebody opens it. */
export function Kubernetes({ cluster }: { cluster: Cluster }) {
  const path = `/clusters/${cluster.id}/kubernetes`;
  const [loaded, setLoaded] = useState<KubernetesState | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  async function toggle(open: boolean) {
    setFailure(null);
    if (!open) return setLoaded(null);
    try {
      setLoaded(await call('GET', path, KubernetesState));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <details
      className="mt-4 border-t border-line pt-3 text-sm"
      onToggle={(event) => void toggle(event.currentTarget.open)}
    >
      <summary className="w-fit text-quiet hover:text-ink">
        Kubernetes <span className="sr-only">of {cluster.name}</span>
      </summary>
      <div className="mt-3">
        {failure && <Notice tone="bad">{failure}</Notice>}
        {loaded && <State path={path} cluster={cluster} initial={loaded} />}
      </div>
    </details>
  );
}

function State({ path, cluster, initial }: { path: string; cluster: Cluster; initial: KubernetesState }) {
  const { data, failure } = useLoaded(path, KubernetesState, initial, 5);
  const { wanted, nodes, problems } = data;
  return (
    <div className="space-y-4">
      {failure && <Notice tone="bad">{failure}</Notice>}
      {problems.map((problem) => (
        <Notice key={problem} tone="warn">
          {problem}
        </Notice>
      ))}
      {wanted.distribution === 'k3s' && wanted.version && (
        <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
          <p className="text-quiet">
            k3s <Mono>{wanted.version}</Mono>, pods by {CNI[wanted.cni].name}
          </p>
          <Upgrade cluster={cluster} version={wanted.version} />
        </div>
      )}
      {nodes.length === 0 ? (
        <p className="max-w-[58ch] text-quiet">
          No node yet.{' '}
          {wanted.distribution === 'existing' && '“Add nodes” shows the command that joins all of them.'}
        </p>
      ) : (
        <Table
          caption={`Nodes of ${cluster.name}`}
          rows={nodes}
          keyOf={(node) => node.peerId}
          columns={[
            {
              title: 'Node',
              heads: true,
              cell: (node) => (
                <>
                  {node.peer}
                  {node.peer === wanted.server && <span className="text-faint"> runs the API</span>}
                </>
              ),
            },
            { title: 'State', cell: (node) => <Status bare state={stateOf(node)} /> },
            {
              title: 'Release',
              cell: ({ facts }) => (facts?.version ? <Mono>{facts.version}</Mono> : UNKNOWN),
            },
            { title: 'CNI', cell: ({ facts }) => (facts ? (facts.cni ?? 'none') : UNKNOWN) },
            {
              title: 'Pods',
              cell: ({ facts }) =>
                facts && facts.podCidrs.length > 0 ? <Mono whole>{facts.podCidrs.join(', ')}</Mono> : UNKNOWN,
            },
          ]}
        />
      )}
    </div>
  );
}

const UNKNOWN = <span className="text-faint">not known</span>;

/** One word of those that have a look. */
function stateOf({ connected, facts }: KubernetesNode): string {
  if (!connected) return 'disconnected';
  return facts === null ? 'unknown' : facts.ready ? 'ready' : 'not-ready';
}
