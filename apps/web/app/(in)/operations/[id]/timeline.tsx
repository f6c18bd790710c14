'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { LogLine, Operation, type Step } from '@skein/contract/rest/operation.ts';
import { CircleSlash, WifiOff } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import { call } from '../../../../fetch/call.ts';
import { useEvents } from '../../../../fetch/use-events.ts';
import { Button } from '../../../../ui/button.tsx';
import { Notice } from '../../../../ui/notice.tsx';
import { Status } from '../../../../ui/status.tsx';
import { Duration } from '../../../../ui/time.tsx';
import { plural, providerName } from '../../../../ui/words.ts';
import { StepRow } from './step-row.tsx';

const ENDED = ['succeeded', 'failed', 'cancelled'];
/** More lines than this in a page help nobody; the API has them all. */
const MOST_LINES = 5000;

export function Timeline({
  initial,
  log,
  clusters,
}: {
  initial: Operation;
  log: LogLine[];
  clusters: Cluster[];
}) {
  const [operation, setOperation] = useState(initial);
  const [lines, setLines] = useState(log);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const ended = ENDED.includes(operation.state);
  const liveness = useEvents(
    `/operations/${operation.id}/events`,
    {
      operation: (data) => setOperation(Operation.parse(data)),
      log: (data) => {
        const line = LogLine.parse(data);
        // After a reconnection lines may come a second time.
        setLines((known) =>
          known.some((one) => one.id === line.id) ? known : [...known, line].slice(-MOST_LINES),
        );
      },
    },
    !ended,
  );

  async function act(path: string) {
    setBusy(true);
    setFailure(null);
    try {
      setOperation(await call('POST', `/operations/${operation.id}${path}`, Operation));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  const count = (state: Step['state']) => operation.steps.filter((step) => step.state === state).length;
  const failed = count('failed');
  return (
    <>
      <header className="mb-7">
        {operation.networkId && (
          <p className="text-sm text-faint">
            <Link href={`/networks/${operation.networkId}`} className="hover:text-ink hover:underline">
              Network
            </Link>{' '}
            <span aria-hidden>/</span> Operation
          </p>
        )}
        <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-3">
          <h1 className="text-2xl font-semibold tracking-tight">{operation.title}</h1>
          <Status state={operation.state} />
          <div className="ml-auto flex gap-2">
            {!ended && operation.state !== 'cancelling' && (
              <Button busy={busy} onClick={() => void act('/cancel')}>
                <CircleSlash size={15} aria-hidden /> Cancel
              </Button>
            )}
          </div>
        </div>
        <p className="mt-2 text-quiet" aria-live="polite">
          {count('succeeded')} of {plural(operation.steps.length, 'step')} done
          {count('running') > 0 && `, ${count('running')} running`}
          {failed > 0 && `, ${failed} failed`}
          {' · '}
          <Duration from={operation.startedAt ?? operation.createdAt} to={operation.finishedAt} />
        </p>
        <Progress steps={operation.steps} />
        <div className="mt-4 space-y-3">
          {liveness === 'reconnecting' && !ended && (
            <Notice tone="warn">
              <WifiOff size={14} className="mr-1.5 inline" aria-hidden />
              Reconnecting. What you see may be some seconds old; the work goes on.
            </Notice>
          )}
          {failure && <Notice tone="bad">{failure}</Notice>}
          {operation.state === 'succeeded' && operation.networkId && operation.kind !== 'teardown' && (
            <p className="text-sm">
              <Link
                href={`/networks/${operation.networkId}/topology`}
                className="font-medium text-accent underline underline-offset-4"
              >
                See the topology
              </Link>
            </p>
          )}
        </div>
      </header>
      {groupsOf(operation.steps, clusters).map((group) => (
        <section key={group.key} className="mb-7">
          <h2 className="mb-2 flex items-baseline gap-2.5 font-semibold tracking-tight">
            {group.title}
            <span className="text-sm font-normal text-faint">{group.about}</span>
          </h2>
          <ol className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-raised">
            {group.steps.map((step) => (
              <StepRow
                key={step.id}
                step={step}
                lines={lines.filter((line) => line.stepId === step.id)}
                busy={busy}
                onRetry={() => void act(`/steps/${step.id}/retry`)}
              />
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

/** One mark a step, so that the whole is seen at once. */
function Progress({ steps }: { steps: readonly Step[] }) {
  const look = {
    succeeded: 'bg-good',
    failed: 'bg-bad',
    running: 'bg-accent',
    waiting: 'bg-line',
    cancelled: 'bg-line-strong',
  };
  return (
    <div aria-hidden className="mt-3 flex gap-0.5">
      {steps.map((step) => (
        <span key={step.id} title={step.title} className={`h-1.5 flex-1 rounded-full ${look[step.state]}`} />
      ))}
    </div>
  );
}

function groupsOf(steps: readonly Step[], clusters: readonly Cluster[]) {
  const groups = new Map<string, { key: string; title: string; about: string; steps: Step[] }>();
  for (const step of steps) {
    const key = step.clusterId ?? '';
    const cluster = clusters.find((one) => one.id === key);
    const group = groups.get(key) ?? {
      key,
      title: cluster?.name ?? (key === '' ? 'The whole network' : 'Cluster'),
      about: cluster ? `${providerName(cluster.provider)}, ${cluster.region}` : '',
      steps: [],
    };
    group.steps.push(step);
    groups.set(key, group);
  }
  return [...groups.values()];
}
