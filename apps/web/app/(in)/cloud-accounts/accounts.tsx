'use client';
import { CloudAccount } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { Cloud, Plus } from 'lucide-react';
import Link from 'next/link';
import { useState } from 'react';
import type { z } from 'zod';
import { call, callQuietly } from '../../../fetch/call.ts';
import { useLoaded } from '../../../fetch/use-loaded.ts';
import { AccountDialog } from '../../../ui/account-dialog.tsx';
import { Button } from '../../../ui/button.tsx';
import { Confirm } from '../../../ui/confirm.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Empty, Mono, PageHeader } from '../../../ui/page.tsx';
import { Status } from '../../../ui/status.tsx';
import { Table } from '../../../ui/table.tsx';
import { Ago } from '../../../ui/time.tsx';
import { providerName } from '../../../ui/words.ts';
import { NewKeys } from './new-keys.tsx';

const CloudAccounts = pageOf(CloudAccount);

export function Accounts({
  initial,
  providers,
}: {
  initial: z.infer<typeof CloudAccounts>;
  providers: ProviderInfo[];
}) {
  const { data, refresh } = useLoaded('/cloud-accounts', CloudAccounts, initial);
  const [open, setOpen] = useState(false);
  const [renewing, setRenewing] = useState<CloudAccount | null>(null);
  const [asking, setAsking] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  async function verify(account: CloudAccount) {
    setAsking(account.id);
    setFailure(null);
    try {
      await call('POST', `/cloud-accounts/${account.id}/verify`, CloudAccount);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
    await refresh();
    setAsking(null);
  }

  const button = (
    <Button look="primary" onClick={() => setOpen(true)}>
      <Plus size={16} aria-hidden /> Add an account
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Cloud accounts"
        lead="What Skein signs in to the clouds with. Credentials are sealed when they arrive and never shown again."
        actions={data.items.length > 0 && button}
      />
      {failure && (
        <div className="mb-4">
          <Notice tone="bad">{failure}</Notice>
        </div>
      )}
      {data.items.length === 0 ? (
        <Empty
          icon={<Cloud size={30} strokeWidth={1.6} aria-hidden />}
          title="No cloud account yet"
          action={button}
        >
          Add one for each cloud that Skein shall make nodes in. It is asked at once who we are, so that a
          wrong key shows here and not in the middle of the work.
        </Empty>
      ) : (
        <Table
          caption="Cloud accounts"
          rows={data.items}
          keyOf={(account) => account.id}
          columns={[
            {
              title: 'Account',
              heads: true,
              cell: (account) => (
                <>
                  <Link
                    href={`/cloud-accounts/${account.id}`}
                    className="underline decoration-line-strong underline-offset-4 hover:decoration-ink"
                  >
                    {account.name}
                  </Link>
                  <span className="block font-normal whitespace-nowrap text-faint">
                    {providerName(account.provider)} · {account.keyless ? 'keyless' : 'a key is kept'}
                  </span>
                </>
              ),
            },
            {
              title: 'State',
              cell: (account) => (
                <>
                  <Status
                    bare
                    state={account.problem ? 'refused' : account.verifiedAt ? 'verified' : 'unverified'}
                  />
                  {account.problem && (
                    <span className="block max-w-[40ch] [overflow-wrap:anywhere] text-bad">
                      {account.problem}
                    </span>
                  )}
                </>
              ),
            },
            {
              title: 'The cloud says we are',
              cell: (account) => (
                <>
                  <Mono>{account.identity ?? '–'}</Mono>
                  {account.endpoint && (
                    <span className="block text-faint">
                      at <Mono>{account.endpoint}</Mono>
                    </span>
                  )}
                </>
              ),
            },
            { title: 'Clusters', right: true, cell: (account) => account.clusters },
            { title: 'Asked', cell: (account) => <Ago at={account.verifiedAt} /> },
            {
              title: 'Do',
              untitled: true,
              right: true,
              cell: (account) => (
                <span className="inline-flex flex-wrap justify-end gap-2 xl:flex-nowrap">
                  <Button busy={asking === account.id} onClick={() => void verify(account)}>
                    Ask again
                  </Button>
                  <Button aria-label={`New keys for ${account.name}`} onClick={() => setRenewing(account)}>
                    New keys
                  </Button>
                  <Confirm
                    trigger="Forget"
                    label={`Forget ${account.name}`}
                    title={`Forget “${account.name}”?`}
                    action="Forget the account"
                    onConfirm={async () => {
                      await callQuietly('DELETE', `/cloud-accounts/${account.id}`);
                      await refresh();
                    }}
                  >
                    Its credentials are deleted here. In the cloud nothing changes.
                  </Confirm>
                </span>
              ),
            },
          ]}
        />
      )}
      <AccountDialog
        open={open}
        onOpenChange={setOpen}
        providers={providers}
        onAdded={() => void refresh()}
      />
      <NewKeys
        account={renewing}
        providers={providers}
        onClose={() => setRenewing(null)}
        onReplaced={() => void refresh()}
      />
    </>
  );
}
