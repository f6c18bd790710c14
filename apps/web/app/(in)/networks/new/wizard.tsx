'use client';
import type { AllowedPort, DriftPolicy, Peering, Topology } from '@skein/contract/primitive.ts';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import { Network, NetworkPlan, NewNetwork } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { ArrowLeft, ArrowRight, Plus } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type FormEvent, type ReactNode, useState } from 'react';
import { z } from 'zod';
import { CallFailure, call } from '../../../../fetch/call.ts';
import { AccountDialog } from '../../../../ui/account-dialog.tsx';
import { Button } from '../../../../ui/button.tsx';
import { cloudsAmong, clusterWish } from '../../../../ui/cluster-fields.tsx';
import { TextField } from '../../../../ui/field.tsx';
import { Notice } from '../../../../ui/notice.tsx';
import { PageHeader, Panel } from '../../../../ui/page.tsx';
import { PlanView } from '../../../../ui/plan/plan-view.tsx';
import { DriftPolicyField, PeeringField } from '../../../../ui/policy-fields.tsx';
import { PortEditor } from '../../../../ui/port-editor.tsx';
import { Status } from '../../../../ui/status.tsx';
import { TopologyField } from '../../../../ui/topology-field.tsx';
import { providerName } from '../../../../ui/words.ts';
import { type ClusterDraft, ClusterRows, newCluster } from './cluster-rows.tsx';
import { DnsField } from './dns-field.tsx';

const Created = z.object({ network: Network, operation: Operation });

export function Wizard({
  accounts: known,
  providers,
}: {
  accounts: CloudAccount[];
  providers: ProviderInfo[];
}) {
  const router = useRouter();
  const [accounts, setAccounts] = useState(known);
  const [name, setName] = useState('');
  const [zone, setZone] = useState('');
  const [clusters, setClusters] = useState<ClusterDraft[]>(() => [
    newCluster(cloudsAmong(known)[0], providers, []),
  ]);
  /** Whose DNS holds the public zone; undefined: that of the first cluster's account, null: nobody's. */
  const [dns, setDns] = useState<string | null>();
  const [ports, setPorts] = useState<AllowedPort[]>([]);
  const [topology, setTopology] = useState<{ topology: Topology; hub: string | null }>({
    topology: 'hybrid',
    hub: null,
  });
  const [peering, setPeering] = useState<Peering>('none');
  const [driftPolicy, setDriftPolicy] = useState<DriftPolicy>('heal');
  const [plan, setPlan] = useState<NetworkPlan | null>(null);
  const [adding, setAdding] = useState(false);
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  /** What the API found wrong, and with which wish. */
  const [refused, setRefused] = useState<{ wish: string; problems: Record<string, string> } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  const wanted = () => ({
    name,
    zone,
    ...(dns !== undefined && { dnsCloudAccountId: dns }),
    topology: topology.topology,
    // One that was renamed or taken out since is nobody's choice.
    ...(clusters.some((one) => one.name === topology.hub) && { hubCluster: topology.hub ?? undefined }),
    allowedPorts: ports,
    peering,
    driftPolicy,
    clusters: clusters.map(({ key: _, ...cluster }) => clusterWish(cluster)),
  });

  const wish = JSON.stringify(wanted());
  // A field that was mended is right at once; what the API said holds until anything is changed.
  const problems = {
    ...(tried && problemsOf(NewNetwork.safeParse(wanted()).error?.issues)),
    ...(refused?.wish === wish && refused.problems),
  };

  async function attempt(work: () => Promise<void>) {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      if (error instanceof CallFailure) setRefused({ wish, problems: problemsOf(error.problem?.errors) });
      setBusy(false);
    }
  }

  const look = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setTried(true);
    if (!NewNetwork.safeParse(wanted()).success) {
      const form = event.currentTarget;
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
      return setFailure('Some fields need another look.');
    }
    void attempt(async () => {
      setPlan(await call('POST', '/networks/plan', NetworkPlan, wanted()));
      setBusy(false);
      scrollTo({ top: 0 });
    });
  };
  const create = () =>
    void attempt(async () => {
      try {
        const { operation } = await call('POST', '/networks', Created, { ...wanted(), planHash: plan?.hash });
        router.push(`/operations/${operation.id}`);
      } catch (error) {
        // What was confirmed is not what would be made: the new plan has to be looked at.
        if (error instanceof CallFailure && error.problem?.code === 'plan-changed')
          setPlan(await call('POST', '/networks/plan', NetworkPlan, wanted()));
        throw error;
      }
    });

  function onAdded(account: CloudAccount) {
    setAccounts([...accounts, account]);
    // A cluster that had no account to choose takes the first one.
    if (cloudsAmong(accounts).length === 0 && cloudsAmong([account]).length > 0)
      setClusters(
        clusters.map((one) => ({ ...newCluster(account, providers, []), key: one.key, name: one.name })),
      );
  }

  if (plan)
    return (
      <>
        <PageHeader
          title={`The plan for ${name}`}
          lead="Nothing is made yet. Exactly this is, when you say so."
        />
        <PlanView plan={plan} />
        {failure && (
          <div className="mt-6">
            <Notice tone="bad">{failure}</Notice>
          </div>
        )}
        <div className="sticky bottom-0 -mx-4 mt-8 flex justify-between gap-3 border-t border-line bg-paper px-4 py-4 sm:mx-0 sm:px-0">
          <Button onClick={() => setPlan(null)}>
            <ArrowLeft size={15} aria-hidden /> Change
          </Button>
          <Button look="primary" busy={busy} onClick={create}>
            Make this network
          </Button>
        </div>
      </>
    );

  return (
    <form onSubmit={look} noValidate>
      <PageHeader title="New network" lead="Say what you want. The next page shows what would be made." />
      <Part
        number={1}
        title="Name"
        lead={
          <>
            The zone is where the names of peers live:{' '}
            <span className="whitespace-nowrap">gw-1.production.your-zone</span>.
          </>
        }
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label="Name"
            value={name}
            placeholder="shop"
            problem={problems.name}
            onChange={(event) => setName(event.target.value)}
          />
          <TextField
            label="DNS zone"
            value={zone}
            placeholder="shop.example.com"
            problem={problems.zone}
            onChange={(event) => setZone(event.target.value)}
          />
          <DnsField accounts={accounts} value={dns} problem={problems.dnsCloudAccountId} onChange={setDns} />
        </div>
      </Part>
      <Part number={2} title="Cloud accounts" lead="Where Skein makes nodes. Plain hosts need none.">
        {accounts.length > 0 && (
          <ul aria-label="Cloud accounts" className="mb-4 divide-y divide-line">
            {accounts.map((account) => (
              <li key={account.id} className="flex flex-wrap items-center justify-between gap-2 py-2">
                <span>
                  <span className="font-medium">{account.name}</span>{' '}
                  <span className="text-sm text-faint">{providerName(account.provider)}</span>
                </span>
                <Status
                  bare
                  state={account.problem ? 'refused' : account.verifiedAt ? 'verified' : 'unverified'}
                />
              </li>
            ))}
          </ul>
        )}
        <Button onClick={() => setAdding(true)}>
          <Plus size={15} aria-hidden /> Add a cloud account
        </Button>
      </Part>
      <Part
        number={3}
        title="Clusters"
        lead="Nodes in one region of one cloud. The first node of each is its gateway to the others."
      >
        <ClusterRows
          clusters={clusters}
          accounts={accounts}
          providers={providers}
          problems={problems}
          onChange={setClusters}
        />
      </Part>
      <Part number={4} title="Ports" lead="Open between clusters, beside ping. Everything else is refused.">
        <PortEditor ports={ports} onChange={setPorts} />
      </Part>
      <Part
        number={5}
        title="Topology, peering and drift"
        lead="Which clusters are linked, how those of one cloud reach each other, and what is done when a cloud differs."
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <TopologyField
            value={topology.topology}
            hub={topology.hub}
            clusters={clusters.map(({ name: cluster }) => ({ value: cluster, name: cluster }))}
            onChange={(value, hub) => setTopology({ topology: value, hub })}
          />
          <PeeringField value={peering} onChange={setPeering} />
          <DriftPolicyField value={driftPolicy} onChange={setDriftPolicy} />
        </div>
      </Part>
      {failure && (
        <div className="mb-4">
          <Notice tone="bad">{failure}</Notice>
        </div>
      )}
      <div className="flex justify-end">
        <Button type="submit" look="primary" busy={busy}>
          Show the plan <ArrowRight size={15} aria-hidden />
        </Button>
      </div>
      <AccountDialog open={adding} onOpenChange={setAdding} providers={providers} onAdded={onAdded} />
    </form>
  );
}

function Part({
  number,
  title,
  lead,
  children,
}: {
  number: number;
  title: string;
  lead: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="mb-6 grid gap-x-8 gap-y-3 lg:grid-cols-[15rem_minmax(0,1fr)]">
      <div className="pt-1">
        <h2 className="flex items-baseline gap-2.5 text-lg font-semibold tracking-tight">
          <span className="font-mono text-sm font-normal text-faint tabular-nums">{number}</span>
          {title}
        </h2>
        <p className="mt-1 text-sm text-quiet">{lead}</p>
      </div>
      <Panel>{children}</Panel>
    </section>
  );
}

function problemsOf(
  issues: readonly { path: string | PropertyKey[]; message: string }[] = [],
): Record<string, string> {
  return Object.fromEntries(
    issues.map(({ path, message }) => [typeof path === 'string' ? path : path.join('.'), message]),
  );
}
