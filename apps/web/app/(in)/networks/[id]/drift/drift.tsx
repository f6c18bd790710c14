'use client';
import { DriftCheck, DriftFinding } from '@skein/contract/rest/drift.ts';
import { type Cluster, Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ScanSearch, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import type { z } from 'zod';
import { call } from '../../../../../fetch/call.ts';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { Button } from '../../../../../ui/button.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Empty, Section } from '../../../../../ui/page.tsx';
import { Ago } from '../../../../../ui/time.tsx';
import { plural } from '../../../../../ui/words.ts';
import { FindingCard } from './finding-card.tsx';

const Findings = pageOf(DriftFinding);
const POLICIES: Record<Network['driftPolicy'], string> = {
  heal: 'What is found is mended at once.',
  ask: 'What is found is mended when you say so.',
  report: 'What is found is only told; you may mend it here.',
};

export function Drift({
  initial,
  findings,
  clusters,
}: {
  initial: Network;
  findings: z.infer<typeof Findings>;
  clusters: Cluster[];
}) {
  const { data: network, refresh: refreshNetwork } = useLoaded(
    `/networks/${initial.id}`,
    Network,
    initial,
    5,
  );
  const { data, refresh } = useLoaded(`/networks/${initial.id}/drift`, Findings, findings, 5);
  const [looking, setLooking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [unseen, setUnseen] = useState<DriftCheck['unseen']>([]);
  const reload = () => Promise.all([refresh(), refreshNetwork()]);

  async function look() {
    setLooking(true);
    setFailure(null);
    try {
      setUnseen((await call('POST', `/networks/${initial.id}/drift`, DriftCheck)).unseen);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    await reload();
    setLooking(false);
  }

  const of = (...states: DriftFinding['state'][]) => data.items.filter((one) => states.includes(one.state));
  const standing = of('open', 'healing');
  const dismissed = of('dismissed');
  const ended = of('healed', 'gone');
  const cards = (list: readonly DriftFinding[]) => (
    <ul className="space-y-3">
      {list.map((one) => (
        <FindingCard key={one.id} finding={one} clusters={clusters} onDone={() => void reload()} />
      ))}
    </ul>
  );
  return (
    <>
      <div className="mb-6 flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <p className="max-w-[62ch] text-quiet">
          What your clouds hold is compared with what should be there, again and again.{' '}
          {POLICIES[network.driftPolicy]}
        </p>
        <Button busy={looking} onClick={() => void look()}>
          {!looking && <ScanSearch size={16} aria-hidden />}
          {looking ? 'Asking the clouds' : 'Check now'}
        </Button>
      </div>
      <div aria-live="polite" className="space-y-3 empty:hidden">
        {looking && (
          <Notice tone="info">
            Every cloud is asked for everything that this network owns; what is off is looked at twice. That
            takes some seconds.
          </Notice>
        )}
        {failure && <Notice tone="bad">{failure}</Notice>}
        {unseen.length > 0 && (
          <Notice tone="warn">
            Some of it could not be looked at:
            <ul className="mt-1 list-disc pl-5">
              {unseen.map((one) => (
                <li key={`${one.where} ${one.reason}`}>
                  {one.where}: {one.reason}
                </li>
              ))}
            </ul>
          </Notice>
        )}
      </div>
      <div className="mt-6">
        {standing.length > 0 ? (
          <Section
            title={plural(standing.length, 'difference')}
            lead={
              <>
                Last compared <Ago at={network.driftCheckedAt} />
              </>
            }
          >
            {cards(standing)}
          </Section>
        ) : (
          <Empty
            icon={
              network.driftCheckedAt ? (
                <ShieldCheck size={30} strokeWidth={1.6} aria-hidden />
              ) : (
                <ScanSearch size={30} strokeWidth={1.6} aria-hidden />
              )
            }
            title={network.driftCheckedAt ? 'Everything is as it should be' : 'Not compared yet'}
          >
            {network.driftCheckedAt ? (
              <>
                Checked <Ago at={network.driftCheckedAt} />.
              </>
            ) : (
              'The clouds are compared some minutes after a network is ready.'
            )}
          </Empty>
        )}
      </div>
      {dismissed.length > 0 && (
        <div className="mt-9">
          <Section title="Dismissed" lead="Left as it is, until the same resource differs in another way.">
            {cards(dismissed)}
          </Section>
        </div>
      )}
      {ended.length > 0 && (
        <div className="mt-9">
          <Section title="Lately" lead="What was found before and is over.">
            {cards(ended)}
          </Section>
        </div>
      )}
    </>
  );
}
