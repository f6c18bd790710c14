'use client';
import { ApiToken, MintedApiToken } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { KeyRound, Plus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import { call, callQuietly } from '../../../fetch/call.ts';
import { useLoaded } from '../../../fetch/use-loaded.ts';
import { Button } from '../../../ui/button.tsx';
import { Confirm } from '../../../ui/confirm.tsx';
import { CopyText } from '../../../ui/copy.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { SelectField, TextField } from '../../../ui/field.tsx';
import { Notice } from '../../../ui/notice.tsx';
import { Empty, Mono, PageHeader } from '../../../ui/page.tsx';
import { Table } from '../../../ui/table.tsx';
import { Ago } from '../../../ui/time.tsx';

const ApiTokens = pageOf(ApiToken);

export function Tokens({ initial }: { initial: z.infer<typeof ApiTokens> }) {
  const { data, refresh } = useLoaded('/api-tokens', ApiTokens, initial);
  const [open, setOpen] = useState(false);
  const button = (
    <Button look="primary" onClick={() => setOpen(true)}>
      <Plus size={16} aria-hidden /> New token
    </Button>
  );
  return (
    <>
      <PageHeader
        title="API tokens"
        lead="Programs send one as bearer. A token may do all that you may, until it expires or is revoked."
        actions={data.items.length > 0 && button}
      />
      {data.items.length === 0 ? (
        <Empty
          icon={<KeyRound size={30} strokeWidth={1.6} aria-hidden />}
          title="No token yet"
          action={button}
        >
          Make one for a script or for continuous integration. It is shown once; only its hash is kept.
        </Empty>
      ) : (
        <Table
          caption="API tokens, newest first"
          rows={data.items}
          keyOf={(token) => token.id}
          columns={[
            { title: 'Name', heads: true, cell: (token) => token.name },
            { title: 'Begins with', cell: (token) => <Mono>{token.prefix}…</Mono> },
            { title: 'Last used', cell: (token) => <Ago at={token.lastUsedAt} /> },
            { title: 'Expires', cell: (token) => <Ago at={token.expiresAt} /> },
            { title: 'Made', cell: (token) => <Ago at={token.createdAt} /> },
            {
              title: 'Revoke',
              untitled: true,
              right: true,
              cell: (token) => (
                <Confirm
                  trigger="Revoke"
                  label={`Revoke ${token.name}`}
                  title={`Revoke “${token.name}”?`}
                  action="Revoke the token"
                  onConfirm={async () => {
                    await callQuietly('DELETE', `/api-tokens/${token.id}`);
                    await refresh();
                  }}
                >
                  Programs that use it are refused at once.
                </Confirm>
              ),
            },
          ]}
        />
      )}
      <NewToken open={open} onOpenChange={setOpen} onMade={refresh} />
    </>
  );
}

function NewToken({
  open,
  onOpenChange,
  onMade,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onMade: () => Promise<void>;
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="New API token"
      lead="It is shown once. Keep it like a password."
    >
      <NewTokenForm onMade={onMade} onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

/** Goes with the dialog, and the token with it. */
function NewTokenForm({ onMade, onDone }: { onMade: () => Promise<void>; onDone: () => void }) {
  const [minted, setMinted] = useState<z.infer<typeof MintedApiToken> | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      const wanted = { name: form.get('name'), expiresInDays: Number(form.get('days')) };
      setMinted(await call('POST', '/api-tokens', MintedApiToken, wanted));
      await onMade();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  if (minted)
    return (
      <div className="space-y-4">
        <CopyText text={minted.token} label="Copy the token" />
        <div className="flex justify-end">
          <Button look="primary" onClick={onDone}>
            Done
          </Button>
        </div>
      </div>
    );
  return (
    <form onSubmit={submit} className="space-y-4">
      <TextField label="Name" name="name" required maxLength={60} placeholder="continuous integration" />
      <SelectField label="Expires" name="days" defaultValue="90">
        <option value="7">in 7 days</option>
        <option value="30">in 30 days</option>
        <option value="90">in 90 days</option>
        <option value="365">in a year</option>
      </SelectField>
      {failure && <Notice tone="bad">{failure}</Notice>}
      <div className="flex justify-end">
        <Button type="submit" look="primary" busy={busy}>
          Make the token
        </Button>
      </div>
    </form>
  );
}
