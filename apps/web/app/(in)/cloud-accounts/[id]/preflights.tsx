'use client';
/** Asks the cloud what would stand in the way of a cluster, and shows what it said last for each region. */
import { Preflight, type PreflightFinding } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { ListChecks } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { z } from 'zod';
import { call } from '../../../../fetch/call.ts';
import { Button } from '../../../../ui/button.tsx';
import { SelectField, TextField } from '../../../../ui/field.tsx';
import { Notice } from '../../../../ui/notice.tsx';
import { Empty, Mono, Section } from '../../../../ui/page.tsx';
import { Status } from '../../../../ui/status.tsx';
import { Table } from '../../../../ui/table.tsx';
import { Ago } from '../../../../ui/time.tsx';
import { plural } from '../../../../ui/words.ts';

const Page = pageOf(Preflight);
const KINDS: Record<PreflightFinding['kind'], string> = {
  credentials: 'Credentials',
  permission: 'Permission',
  quota: 'Quota',
  image: 'Image',
  region: 'Region',
  'instance-type': 'Instance type',
};

export function Preflights({
  accountId,
  provider,
  initial,
}: {
  accountId: string;
  provider: ProviderInfo;
  initial: z.infer<typeof Page>;
}) {
  const [kept, setKept] = useState<readonly Preflight[]>(initial.items);
  const [region, setRegion] = useState(initial.items[0]?.region ?? provider.regions[0]?.id ?? '');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const shown = kept.find((one) => one.region === region);

  async function look(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const instanceType = String(form.get('instanceType') ?? '').trim();
    setBusy(true);
    setFailure(null);
    try {
      const found = await call('POST', `/cloud-accounts/${accountId}/preflight`, Preflight, {
        region,
        nodes: Number(form.get('nodes')),
        ...(instanceType && { instanceType }),
      });
      setKept((before) => [...before.filter((one) => one.region !== found.region), found]);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Section
      title="Preflight"
      lead="What would stand in the way of one more cluster. Nothing is changed in the cloud."
    >
      <form onSubmit={look} className="mb-4 grid items-end gap-4 sm:grid-cols-[1.4fr_1fr_6rem_auto]">
        <SelectField label="Region" value={region} onChange={(event) => setRegion(event.target.value)}>
          {provider.regions.map((one) => (
            <option key={one.id} value={one.id}>
              {one.id} · {one.title}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Instance type"
          name="instanceType"
          placeholder={provider.defaultInstanceType ?? ''}
        />
        <TextField label="Nodes" name="nodes" type="number" min={1} max={100} defaultValue={3} required />
        <Button type="submit" look="primary" busy={busy}>
          {busy ? 'Asking the cloud' : 'Look'}
        </Button>
      </form>
      {failure && (
        <div className="mb-4">
          <Notice tone="bad">{failure}</Notice>
        </div>
      )}
      {shown ? (
        <Findings preflight={shown} />
      ) : (
        <Empty icon={<ListChecks size={30} strokeWidth={1.6} aria-hidden />} title="Not looked at yet">
          Skein asks the cloud for each permission that it will use, for room within the quotas, and whether
          the region has what nodes are made of.
        </Empty>
      )}
    </Section>
  );
}

function Findings({ preflight }: { preflight: Preflight }) {
  const of = (status: PreflightFinding['status']) =>
    preflight.findings.filter((one) => one.status === status);
  const [missing, unknown, there] = [of('missing'), of('unknown'), of('ok')];
  return (
    <div className="space-y-4">
      <Notice tone={missing.length > 0 ? 'bad' : 'info'}>
        {missing.length > 0
          ? `${plural(missing.length, 'thing')} would stand in the way. The documents below grant every permission.`
          : unknown.length > 0
            ? 'Nothing is known to stand in the way, but the cloud does not tell everything.'
            : 'Nothing stands in the way.'}{' '}
        Asked <Ago at={preflight.at} />.
      </Notice>
      {missing.length > 0 && <FindingTable caption={`Missing in ${preflight.region}`} rows={missing} />}
      {unknown.length > 0 && (
        <Folded title={`${plural(unknown.length, 'thing')} not known`}>
          <FindingTable caption={`Not known in ${preflight.region}`} rows={unknown} />
        </Folded>
      )}
      {there.length > 0 && (
        <Folded title={`${plural(there.length, 'thing')} there`}>
          <FindingTable caption={`There in ${preflight.region}`} rows={there} />
        </Folded>
      )}
    </div>
  );
}

function Folded({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details className="text-sm">
      <summary className="w-fit text-quiet hover:text-ink">{title}</summary>
      <div className="mt-3">{children}</div>
    </details>
  );
}

function FindingTable({ caption, rows }: { caption: string; rows: readonly PreflightFinding[] }) {
  return (
    <Table
      caption={caption}
      rows={rows}
      keyOf={(one) => `${one.kind} ${one.subject}`}
      columns={[
        { title: 'Name', heads: true, cell: (one) => <Mono>{one.subject}</Mono> },
        { title: 'What', cell: (one) => KINDS[one.kind] },
        { title: 'State', cell: (one) => <Status bare state={one.status} /> },
        {
          title: 'Why',
          cell: (one) => (
            <span className="block max-w-[52ch] [overflow-wrap:anywhere]">{one.detail ?? '–'}</span>
          ),
        },
      ]}
    />
  );
}
