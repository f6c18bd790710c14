'use client';
import { OperationSummary } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Activity } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import type { z } from 'zod';
import { call } from '../fetch/call.ts';
import { useLoaded } from '../fetch/use-loaded.ts';
import { Button } from './button.tsx';
import { Empty } from './page.tsx';
import { Status } from './status.tsx';
import { Table } from './table.tsx';
import { Ago, Duration } from './time.tsx';

const Operations = pageOf(OperationSummary);
type Operations = z.infer<typeof Operations>;

/** @param path of the list, below `/api/v1`, with its query. */
export function OperationList({ path, initial }: { path: string; initial: Operations }) {
  const { data } = useLoaded(path, Operations, initial, 5);
  const [further, setFurther] = useState<Operations | null>(null);
  const next = further === null ? data.next : further.next;
  const seen = new Set(data.items.map((one) => one.id));
  const rows = [...data.items, ...(further?.items ?? []).filter((one) => !seen.has(one.id))];

  async function more() {
    const page = await call('GET', `${path}&cursor=${encodeURIComponent(next ?? '')}`, Operations);
    setFurther({ items: [...(further?.items ?? []), ...page.items], next: page.next });
  }

  if (rows.length === 0)
    return (
      <Empty icon={<Activity size={30} strokeWidth={1.6} aria-hidden />} title="Nothing was done yet">
        Whatever takes longer than a moment is an operation. Its steps can be watched, tried again and
        cancelled.
      </Empty>
    );
  return (
    <div className="space-y-4">
      <Table
        caption="Operations, newest first"
        rows={rows}
        keyOf={(one) => one.id}
        columns={[
          {
            title: 'Operation',
            heads: true,
            cell: (one) => (
              <Link href={`/operations/${one.id}`} className="hover:text-accent hover:underline">
                {one.title}
              </Link>
            ),
          },
          { title: 'State', cell: (one) => <Status state={one.state} bare /> },
          {
            title: 'Steps',
            right: true,
            cell: (one) => (
              <>
                {one.steps.succeeded} of {one.steps.total}
                {one.steps.failed > 0 && <span className="text-bad">, {one.steps.failed} failed</span>}
              </>
            ),
          },
          {
            title: 'Took',
            right: true,
            cell: (one) => <Duration from={one.startedAt} to={one.finishedAt} />,
          },
          { title: 'Begun', cell: (one) => <Ago at={one.createdAt} /> },
        ]}
      />
      {next !== null && <Button onClick={() => void more()}>Show more</Button>}
    </div>
  );
}
