/** What only the lab's control API sets of Azure: whom an application trusts, and what it may do. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Lab } from '../store/lab.ts';
import { openQuotas } from '../store/quotas.ts';
import { LIMITS } from './catalog.ts';
import { Federation } from './entra/assertion.ts';
import { openEntraState } from './entra/trust-state.ts';

const Permissions = z.strictObject({
  actions: z.array(z.string()),
  notActions: z.array(z.string()).default([]),
});

const Quotas = z.partialRecord(z.enum(Object.keys(LIMITS)), z.int().min(0));

export function azureControl(app: Hono, lab: Lab): void {
  const entra = openEntraState(lab.store);
  const accountOf = (c: Context) =>
    lab.accounts.azure.find((each) => each.subscriptionId === c.req.param('subscriptionId'));

  /** `{issuer, subject, jwks}`, or null for no trust but the secret. */
  app.put('/accounts/azure/:subscriptionId/federation', async (c) => {
    const account = accountOf(c);
    if (!account) return c.json({ error: 'no such subscription' }, 404);
    const input = Federation.nullable().safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    entra.change((state) => {
      state.federations[account.subscriptionId] = input.data;
    });
    return c.json({ ok: true });
  });

  /** `{actions, notActions}` with `*` as in role definitions; null gives the whole subscription back. */
  app.put('/accounts/azure/:subscriptionId/permissions', async (c) => {
    const account = accountOf(c);
    if (!account) return c.json({ error: 'no such subscription' }, 404);
    const input = Permissions.nullable().safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    entra.change((state) => {
      if (input.data === null) delete state.permissions[account.subscriptionId];
      else state.permissions[account.subscriptionId] = input.data;
    });
    return c.json({ ok: true });
  });

  /** By usage, such as `{"PublicIPAddresses": 3}`; what is not named has its default again. */
  app.put('/accounts/azure/:subscriptionId/quotas', async (c) => {
    const account = accountOf(c);
    if (!account) return c.json({ error: 'no such subscription' }, 404);
    const input = Quotas.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    openQuotas(lab.store).change((state) => {
      state[`azure/${account.subscriptionId}`] = input.data as Record<string, number>;
    });
    return c.json(input.data);
  });
}
