'use client';
import { DriftFinding } from '@skein/contract/rest/drift.ts';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import Link from 'next/link';
import { useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { KIND_NAMES, KindIcon } from '../../../../../ui/kinds.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Mono } from '../../../../../ui/page.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { Ago } from '../../../../../ui/time.tsx';
import { providerName } from '../../../../../ui/words.ts';

const WHAT = { missing: 'is missing', changed: 'was changed', orphan: 'is in no book of Skein’s' } as const;

/** One finding: what should be, what is, who did it, and what can be done about it. */
export function FindingCard({
  finding,
  clusters,
  onDone,
}: {
  finding: DriftFinding;
  clusters: readonly Cluster[];
  onDone: () => void;
}) {
  const [busy, setBusy] = useState<'heal' | 'dismiss' | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const cluster = clusters.find((one) => one.id === finding.clusterId);
  const where = cluster ? ` of ${cluster.name}` : '';
  const standing = finding.state === 'open' || finding.state === 'dismissed';

  async function run(what: 'heal' | 'dismiss') {
    setBusy(what);
    setFailure(null);
    try {
      if (what === 'heal') await call('POST', `/drift/${finding.id}/heal`, Operation);
      else await call('POST', `/drift/${finding.id}/dismiss`, DriftFinding);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    setBusy(null);
    onDone();
  }

  return (
    <li className="rounded-lg border border-line bg-raised p-5" data-finding={finding.state}>
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-64">
          <h3 className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
            <KindIcon kind={finding.kind} />
            {KIND_NAMES[finding.kind]} <Mono>{finding.key}</Mono> {WHAT[finding.what]}
            <Status state={finding.state} bare />
          </h3>
          <p className="mt-1 text-sm text-faint">
            {cluster ? `${cluster.name}, ` : ''}
            {providerName(finding.provider)}, {finding.region}
            {finding.externalId && (
              <>
                {' · '}
                <Mono>{finding.externalId}</Mono>
              </>
            )}
            {' · found '}
            <Ago at={finding.foundAt} />
            {finding.endedAt && (
              <>
                {', over '}
                <Ago at={finding.endedAt} />
              </>
            )}
          </p>
        </div>
        {standing && finding.what !== 'orphan' && (
          <div className="flex gap-2">
            <Button
              look={finding.state === 'open' ? 'primary' : 'plain'}
              busy={busy === 'heal'}
              aria-label={`Mend ${finding.key}${where}`}
              onClick={() => void run('heal')}
            >
              Mend
            </Button>
            {finding.state === 'open' && (
              <Button
                busy={busy === 'dismiss'}
                aria-label={`Dismiss ${finding.key}${where}`}
                onClick={() => void run('dismiss')}
              >
                Dismiss
              </Button>
            )}
          </div>
        )}
        {standing && finding.what === 'orphan' && (
          <Link href="/cloud-accounts" className="text-sm text-accent hover:underline">
            Delete it at its account
          </Link>
        )}
        {finding.operationId && (
          <Link href={`/operations/${finding.operationId}`} className="text-sm text-accent hover:underline">
            {finding.state === 'healing'
              ? 'Watch it being mended'
              : finding.state === 'healed'
                ? 'How it was mended'
                : 'The last attempt'}
          </Link>
        )}
      </div>
      <dl className="mt-4 space-y-3 text-sm sm:space-y-1.5">
        {finding.differences.map((one, at) => (
          <div
            key={one.field}
            className="grid gap-x-6 [overflow-wrap:anywhere] sm:grid-cols-[minmax(9rem,2fr)_3fr_3fr] sm:items-end"
          >
            <dt className="text-faint">{one.field}</dt>
            <dd>
              <Side first={at === 0}>Should be</Side>
              {one.expected}
            </dd>
            <dd>
              <Side first={at === 0}>Is</Side>
              <span className={finding.state === 'open' ? 'font-medium text-bad' : ''}>{one.found}</span>
            </dd>
          </div>
        ))}
      </dl>
      {finding.changedBy && (
        <p className="mt-4 text-sm text-quiet">
          By <Mono>{finding.changedBy.who}</Mono> (<Mono>{finding.changedBy.action}</Mono>),{' '}
          <Ago at={finding.changedBy.at} />
        </p>
      )}
      {failure && (
        <div className="mt-4">
          <Notice tone="bad">{failure}</Notice>
        </div>
      )}
    </li>
  );
}

/** Which side of a difference: a head over the first where there is room for columns, else before each. */
function Side({ first, children }: { first: boolean; children: string }) {
  return (
    <span className={`text-faint ${first ? 'sm:block' : 'sm:sr-only'}`}>
      {children}
      <span className="sm:hidden">: </span>
    </span>
  );
}
