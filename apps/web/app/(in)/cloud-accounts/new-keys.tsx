'use client';
import { CloudAccount } from '@skein/contract/rest/account.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { type FormEvent, useState } from 'react';
import { call } from '../../../fetch/call.ts';
import { Button } from '../../../ui/button.tsx';
import { credentialsFrom } from '../../../ui/credential-fields.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { SignInFields } from '../../../ui/sign-in-way.tsx';

interface NewKeysProps {
  /** The account that gets them; null closes the dialog. */
  account: CloudAccount | null;
  providers: readonly ProviderInfo[];
  onClose: () => void;
  onReplaced: () => void;
}

/** Replaces an account's credentials, as when its key was revoked or shall give way to trust. */
export function NewKeys({ account, providers, onClose, onReplaced }: NewKeysProps) {
  const provider = providers.find((one) => one.id === account?.provider);
  return (
    <Dialog
      open={account !== null}
      onOpenChange={(open) => !open && onClose()}
      title={`New keys for ${account?.name ?? ''}`}
      lead="The cloud is asked first. They must lead to the same account of the cloud, since what Skein made stands there."
    >
      {account && provider && (
        <NewKeysForm account={account} provider={provider} onClose={onClose} onReplaced={onReplaced} />
      )}
    </Dialog>
  );
}

/** Goes with the dialog, and with it what was typed. */
function NewKeysForm({
  account,
  provider,
  onClose,
  onReplaced,
}: {
  account: CloudAccount;
  provider: ProviderInfo;
  onClose: () => void;
  onReplaced: () => void;
}) {
  const [wayId, setWayId] = useState<string | null>(null);
  const way =
    provider.ways.find((one) => one.id === wayId) ??
    provider.ways.find((one) => one.keyless === account.keyless);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!way) return;
    setFailure(null);
    const credentials = credentialsFrom(way.fields, new FormData(event.currentTarget));
    if (typeof credentials === 'string') return setFailure(credentials);
    setBusy(true);
    try {
      await call('PATCH', `/cloud-accounts/${account.id}`, CloudAccount, {
        provider: provider.id,
        credentials,
      });
      onReplaced();
      onClose();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      {way && (
        <SignInFields
          provider={provider}
          way={way}
          grantPath={`/cloud-accounts/${account.id}/grant?keyless=${way.keyless}`}
          onChoose={setWayId}
        />
      )}
      {failure && <Notice tone="bad">{failure}</Notice>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={busy}>
          Replace the keys
        </Button>
      </div>
    </form>
  );
}
