'use client';
/** What carries Skein's tag in an account and is in no book of Skein's: found on demand, deleted one by one or at once. */
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import { DriftCheck, DriftFinding } from '@skein/contract/rest/drift.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ScanSearch } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import type { z } from 'zod';
import { call } from '../../../fetch/call.ts';
import { useLoaded } from '../../../fetch/use-loaded.ts';
import { Button } from '../../../ui/button.tsx';
import { Confirm } from '../../../ui/confirm.tsx';
import { KIND_NAMES } from '../../../ui/kinds.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Mono, Section } from '../../../ui/page.tsx';
import { Status } from '../../../ui/status.tsx';
import { Table } from '../../../ui/table.tsx';
import { Ago } from '../../../ui/time.tsx';
import { plural } from '../../../ui/words.ts';

const Findings = pageOf(DriftFinding);

export function Orphans({
  account,
  initial,
}: {
  account: Pick<CloudAccount, 'id' | 'name'>;
  initial: z.infer<typeof Findings>;
}) {
  const path = `/cloud-accounts/${account.id}/orphans`;
  const { data, refresh } = useLoaded(path, Findings, initial, 10);
  const [looking, setLooking] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [operation, setOperation] = useState<string | null>(null);

  async function look() {
    setLooking(true);
    setFailure(null);
    setSaid(null);
    try {
      const { findings, unseen } = await call('POST', path, DriftCheck);
      const where = unseen.map((one) => `${one.where}: ${one.reason}`).join(' ');
      setSaid(
        `${findings.length === 0 ? 'Nothing found' : `${plural(findings.length, 'orphan')} found`}. ${
          unseen.length === 0 ? 'Every region was looked at.' : `Could not be looked at: ${where}`
        }`,
      );
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    await refresh();
    setLooking(false);
  }
  async function dismiss(id: string) {
    setFailure(null);
    try {
      await call('POST', `/drift/${id}/dismiss`, DriftFinding);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    await refresh();
  }
  async function remove(where: string) {
    setOperation((await call('DELETE', where, Operation)).id);
    await refresh();
  }

  return (
    <Section
      title={`Left behind in ${account.name}`}
      lead="What carries this organization’s tag there and is in no book of Skein’s, such as the remains of a restored database."
      actions={
        <div className="flex flex-wrap gap-2">
          {data.items.length > 1 && (
            <Confirm
              trigger="Delete all"
              label={`Delete all orphans of ${account.name}`}
              title={`Delete ${plural(data.items.length, 'orphan')} of “${account.name}”?`}
              action="Delete them"
              onConfirm={() => remove(path)}
            >
              They are deleted in the order in which the cloud lets go. Nothing without Skein’s tag is
              touched.
            </Confirm>
          )}
          <Button busy={looking} onClick={() => void look()}>
            {!looking && <ScanSearch size={16} aria-hidden />}
            {looking ? 'Asking every region' : 'Look for orphans'}
          </Button>
        </div>
      }
    >
      <div aria-live="polite" className="mb-3 space-y-3 empty:hidden">
        {failure && <Notice tone="bad">{failure}</Notice>}
        {said && <Notice tone="info">{said}</Notice>}
        {operation && (
          <Notice tone="info">
            <Link href={`/operations/${operation}`} className="underline">
              Watch the deletion
            </Link>
          </Notice>
        )}
      </div>
      {data.items.length > 0 && (
        <Table
          caption={`Orphans of ${account.name}`}
          rows={data.items}
          keyOf={(one) => one.id}
          columns={[
            {
              title: 'What',
              heads: true,
              cell: (one) => (
                <>
                  {KIND_NAMES[one.kind]}
                  <span className="block min-w-48">
                    <Mono>{one.externalId ?? one.key}</Mono>
                  </span>
                  <span className="block font-normal text-faint">{one.region}</span>
                </>
              ),
            },
            { title: 'About', cell: (one) => one.differences.map((each) => each.found).join(', ') },
            { title: 'State', cell: (one) => <Status state={one.state} bare /> },
            { title: 'Found', cell: (one) => <Ago at={one.foundAt} /> },
            {
              title: 'Do',
              untitled: true,
              right: true,
              cell: (one) =>
                (one.state === 'open' || one.state === 'dismissed') && (
                  <span className="inline-flex flex-wrap justify-end gap-2 lg:flex-nowrap">
                    {one.state === 'open' && (
                      <Button
                        aria-label={`Dismiss ${one.externalId ?? one.key}`}
                        onClick={() => void dismiss(one.id)}
                      >
                        Dismiss
                      </Button>
                    )}
                    <Confirm
                      trigger="Delete"
                      label={`Delete ${one.externalId ?? one.key}`}
                      title={`Delete ${one.externalId ?? one.key}?`}
                      action="Delete it"
                      onConfirm={() => remove(`/drift/${one.id}`)}
                    >
                      It is deleted in the cloud. That cannot be undone.
                    </Confirm>
                  </span>
                ),
            },
          ]}
        />
      )}
    </Section>
  );
}
