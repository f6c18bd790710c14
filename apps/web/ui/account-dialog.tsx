'use client';
/** Adds a cloud account; the fields are those that the provider asks for. */
import { CloudAccount } from '@skein/contract/rest/account.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { type FormEvent, useState } from 'react';
import { call } from '../fetch/call.ts';
import { Button } from './button.tsx';
import { credentialsFrom } from './credential-fields.tsx';
import { Dialog } from './dialog.tsx';
import { SelectField, TextField } from './field.tsx';
import { Notice } from './notice.tsx';
import { SignInFields } from './sign-in-way.tsx';

interface AccountDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  providers: readonly ProviderInfo[];
  onAdded: (account: CloudAccount) => void;
}

export function AccountDialog(given: AccountDialogProps) {
  return (
    <Dialog
      open={given.open}
      onOpenChange={given.onOpenChange}
      title="Add a cloud account"
      lead="Skein asks the cloud at once who it is."
    >
      <AccountForm {...given} />
    </Dialog>
  );
}

/** Goes with the dialog, and with it what was typed. */
function AccountForm({ onOpenChange, providers, onAdded }: AccountDialogProps) {
  const [providerId, setProviderId] = useState(providers[0]?.id);
  const [wayId, setWayId] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const provider = providers.find((one) => one.id === providerId);
  const way = provider?.ways.find((one) => one.id === wayId) ?? provider?.ways[0];

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!provider || !way) return;
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    setFailure(null);
    const credentials = credentialsFrom(way.fields, form);
    if (typeof credentials === 'string') return setFailure(credentials);
    setBusy(true);
    try {
      const account = await call('POST', '/cloud-accounts', CloudAccount, {
        provider: provider.id,
        name: text('name'),
        ...(text('endpoint') && { endpoint: text('endpoint') }),
        credentials,
      });
      // A wrong key is told at once, not in the middle of the work. The account is kept: its state says what is wrong.
      onAdded(
        await call('POST', `/cloud-accounts/${account.id}/verify`, CloudAccount).catch(() =>
          call('GET', `/cloud-accounts/${account.id}`, CloudAccount),
        ),
      );
      onOpenChange(false);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <SelectField
          label="Cloud"
          value={providerId}
          onChange={(event) => setProviderId(event.target.value as ProviderInfo['id'])}
        >
          {providers.map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}
            </option>
          ))}
        </SelectField>
        <TextField
          key={`name ${providerId}`}
          label="Name"
          name="name"
          defaultValue={provider?.title}
          required
          maxLength={60}
        />
      </div>
      {provider && way && (
        <SignInFields
          provider={provider}
          way={way}
          grantPath={`/providers/${provider.id}/grant?keyless=${way.keyless}`}
          onChoose={setWayId}
        />
      )}
      {provider?.clusters && (
        <details className="text-sm">
          <summary className="text-quiet hover:text-ink">Another endpoint</summary>
          <div className="mt-3">
            <TextField
              label="Endpoint"
              name="endpoint"
              type="url"
              placeholder="http://127.0.0.1:7402"
              help="Replaces the cloud’s own API addresses: the lab, or a private endpoint"
            />
          </div>
        </details>
      )}
      {failure && <Notice tone="bad">{failure}</Notice>}
      <div className="flex justify-end gap-2">
        <Button onClick={() => onOpenChange(false)}>Cancel</Button>
        <Button type="submit" look="primary" busy={busy}>
          Add the account
        </Button>
      </div>
    </form>
  );
}
