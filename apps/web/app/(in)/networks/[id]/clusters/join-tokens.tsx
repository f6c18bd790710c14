'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { JoinToken } from '@skein/contract/rest/peer.ts';
import { useState } from 'react';
import type { z } from 'zod';
import { call, callQuietly } from '../../../../../fetch/call.ts';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { Confirm } from '../../../../../ui/confirm.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Mono } from '../../../../../ui/page.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { Ago } from '../../../../../ui/time.tsx';
import { joinTokenState } from './join-token-state.ts';

const JoinTokens = pageOf(JoinToken);
type Loaded = z.infer<typeof JoinTokens>;

/** Tokens of one cluster, read when somebody opens the list. */
export function JoinTokenList({ cluster }: { cluster: Cluster }) {
  const path = `/clusters/${cluster.id}/join-tokens`;
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  async function toggle(open: boolean) {
    setFailure(null);
    if (!open) return setLoaded(null);
    try {
      setLoaded(await call('GET', path, JoinTokens));
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
        Join tokens <span className="sr-only">of {cluster.name}</span>
      </summary>
      <div className="mt-3">
        {failure && <Notice tone="bad">{failure}</Notice>}
        {loaded && <Tokens path={path} cluster={cluster} initial={loaded} />}
      </div>
    </details>
  );
}

function Tokens({ path, cluster, initial }: { path: string; cluster: Cluster; initial: Loaded }) {
  const { data, failure, refresh } = useLoaded(path, JoinTokens, initial, 5);
  if (data.items.length === 0)
    return (
      <p className="max-w-[58ch] text-quiet">
        No token yet. “Add nodes” makes one with the command that lets a node of your own join {cluster.name}.
        Nodes that Skein makes bring theirs along.
      </p>
    );
  return (
    <div className="space-y-3">
      {failure && <Notice tone="bad">{failure}</Notice>}
      <Table
        caption={`Join tokens of ${cluster.name}, newest first`}
        rows={data.items}
        keyOf={(token) => token.id}
        columns={[
          { title: 'Begins with', heads: true, cell: (token) => <Mono whole>{token.prefix}…</Mono> },
          { title: 'State', cell: (token) => <Status bare state={joinTokenState(token, Date.now())} /> },
          { title: 'Uses left', right: true, cell: (token) => `${token.usesLeft} of ${token.uses}` },
          { title: 'Expires', cell: (token) => <Ago at={token.expiresAt} /> },
          { title: 'Last used', cell: (token) => <Ago at={token.lastUsedAt} /> },
          {
            title: 'Revoke',
            untitled: true,
            right: true,
            cell: (token) =>
              joinTokenState(token, Date.now()) === 'usable' && (
                <Confirm
                  trigger="Revoke"
                  label={`Revoke the token that begins with ${token.prefix}`}
                  title={`Revoke the token ${token.prefix}…?`}
                  action="Revoke the token"
                  onConfirm={async () => {
                    await callQuietly('DELETE', `/join-tokens/${token.id}`);
                    await refresh();
                  }}
                >
                  No node can join by it from now on. Nodes that joined by it stay.
                </Confirm>
              ),
          },
        ]}
      />
    </div>
  );
}
