'use client';
import { AuditEvent } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ScrollText } from 'lucide-react';
import { useState } from 'react';
import type { z } from 'zod';
import { call } from '../../../fetch/call.ts';
import { Button } from '../../../ui/button.tsx';
import { Empty, Mono, PageHeader } from '../../../ui/page.tsx';
import { Table } from '../../../ui/table.tsx';
import { Ago } from '../../../ui/time.tsx';

const AuditEvents = pageOf(AuditEvent);

export function AuditList({ initial }: { initial: z.infer<typeof AuditEvents> }) {
  const [page, setPage] = useState(initial);
  async function more() {
    const older = await call('GET', `/audit-events?limit=50&cursor=${page.next}`, AuditEvents);
    setPage({ items: [...page.items, ...older.items], next: older.next });
  }
  return (
    <>
      <PageHeader title="Audit" lead="Every change, who asked for it, and when. Newest first." />
      {page.items.length === 0 ? (
        <Empty icon={<ScrollText size={30} strokeWidth={1.6} aria-hidden />} title="Nothing was changed yet">
          Each change that a person, a token or Skein itself makes is written here.
        </Empty>
      ) : (
        <div className="space-y-4">
          <Table
            caption="Audit events, newest first"
            rows={page.items}
            keyOf={(event) => event.id}
            columns={[
              {
                title: 'What',
                heads: true,
                cell: (event) => <span className="whitespace-nowrap">{event.action}</span>,
              },
              { title: 'Who', cell: (event) => <Actor of={event.actor} /> },
              { title: 'On', cell: (event) => <Mono whole>{event.target}</Mono> },
              { title: 'Details', cell: (event) => <Details of={event.details} /> },
              { title: 'When', cell: (event) => <Ago at={event.at} /> },
            ]}
          />
          {page.next !== null && <Button onClick={() => void more()}>Show more</Button>}
        </div>
      )}
    </>
  );
}

function Details({ of }: { of: Record<string, unknown> }) {
  const entries = Object.entries(of);
  if (entries.length === 0) return null;
  return (
    <span className="text-quiet">
      {entries
        .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', ')}
    </span>
  );
}

/** `user usr_…`: the kind in words, its id small. */
function Actor({ of }: { of: string }) {
  const [kind, id] = of.split(' ');
  const word = kind === 'user' ? 'Person' : kind === 'token' ? 'API token' : 'Skein';
  return (
    <>
      {word}
      <span className="block text-xs text-faint">
        <Mono whole>{id}</Mono>
      </span>
    </>
  );
}
