/** What only the lab's control API sets of Google Cloud: permissions, trusted issuers, quotas. */
import type { Hono } from 'hono';
import { z } from 'zod';
import type { Lab } from '../store/lab.ts';
import { Jwks } from '../store/oidc.ts';
import { openQuotas } from '../store/quotas.ts';
import { openGcpAccess, serviceAccountsOf } from './access/state.ts';
import { QUOTA, type QuotaName } from './compute/quota.ts';

/** A custom role as `gcloud iam roles create --file` reads it, or its permissions alone. */
const Role = z
  .union([z.looseObject({ includedPermissions: z.array(z.string()) }), z.array(z.string())])
  .transform((each) => (Array.isArray(each) ? each : each.includedPermissions));

const id = z.string().regex(/^[a-z0-9-]{4,32}$/);
const Pool = z.strictObject({
  pool: id,
  provider: id,
  issuer: z.url(),
  jwks: Jwks,
  audiences: z.array(z.string()).max(10).default([]),
  subject: z.string().min(1).nullable(),
  serviceAccounts: z.array(z.email()).min(1),
});

const names = Object.keys(QUOTA) as [QuotaName, ...QuotaName[]];
const Quotas = z.partialRecord(z.enum(names), z.int().min(0).max(1_000_000));

export function gcpControl(app: Hono, lab: Lab): void {
  const access = openGcpAccess(lab);
  const accountOf = (projectId: string) => lab.accounts.gcp.find((each) => each.projectId === projectId);

  /** `:id` is a service account's address, or the part before its `@`. Null gives the whole project. */
  app.put('/accounts/gcp/:id/policy', async (c) => {
    const wanted = c.req.param('id');
    const found = serviceAccountsOf(lab, access.read()).find(
      ({ clientEmail }) => clientEmail === wanted || clientEmail.startsWith(`${wanted}@`),
    );
    if (!found) return c.json({ error: `There is no service account ${wanted}.` }, 404);
    const input = Role.nullable().safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    access.change((state) => {
      if (input.data === null) delete state.permissions[found.clientEmail];
      else state.permissions[found.clientEmail] = input.data;
    });
    return c.json({ email: found.clientEmail });
  });

  /** A workload identity pool's provider, replaced whole. */
  app.put('/accounts/gcp/:projectId/pool', async (c) => {
    const account = accountOf(c.req.param('projectId'));
    if (!account) return c.json({ error: 'There is no such project.' }, 404);
    const input = Pool.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    const { pool, provider, ...rest } = input.data;
    const name = `projects/${account.projectNumber}/locations/global/workloadIdentityPools/${pool}/providers/${provider}`;
    access.change((state) => {
      state.pools[name] = { ...rest, projectId: account.projectId };
    });
    return c.json({ name });
  });

  /** By metric, such as `{"NETWORKS": 3}`; what is not named has its default again. */
  app.put('/accounts/gcp/:projectId/quotas', async (c) => {
    const account = accountOf(c.req.param('projectId'));
    if (!account) return c.json({ error: 'There is no such project.' }, 404);
    const input = Quotas.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    openQuotas(lab.store).change((state) => {
      state[`gcp/${account.projectId}`] = input.data as Record<string, number>;
    });
    return c.json(input.data);
  });
}
