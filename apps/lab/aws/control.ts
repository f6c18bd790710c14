/** What only the lab's control API sets of AWS: policies, roles, quotas. */
import type { Hono } from 'hono';
import { z } from 'zod';
import type { Lab } from '../store/lab.ts';
import { openQuotas } from '../store/quotas.ts';
import { Policy } from './access/policy.ts';
import { newId, openAwsAccess, roleArn, userArn } from './access/state.ts';
import { QUOTAS, type QuotaName } from './quota.ts';

const NewRole = z.strictObject({
  name: z.string().regex(/^[\w+=,.@-]{1,64}$/),
  trust: z.strictObject({
    /** ARN of a user or role, or `arn:aws:iam::ACCOUNT:root` for everybody of an account. */
    principal: z.string().min(1),
    externalId: z.string().min(2).max(1224).nullable(),
  }),
  /** Null for everything. */
  policy: Policy.nullable(),
});

const names = Object.keys(QUOTAS) as [QuotaName, ...QuotaName[]];
const Quotas = z.partialRecord(z.enum(names), z.int().min(0).max(1_000_000));

export function awsControl(app: Hono, lab: Lab): void {
  const access = openAwsAccess(lab);
  const accountIds = new Set(lab.accounts.aws.map((each) => each.accountId));

  /**
   * An IAM policy document; null gives the whole account. `:id` is a user's name, his access key, the account's id for its own user, or a role's name.
   */
  app.put('/accounts/aws/:id/policy', async (c) => {
    const id = c.req.param('id');
    const user = [...lab.accounts.aws, ...access.read().users].find(
      (each) => each.userName === id || each.accessKeyId === id || each.accountId === id,
    );
    const arn = user
      ? userArn(user)
      : Object.entries(access.read().roles).find(([, role]) => role.name === id)?.[0];
    if (!arn) return c.json({ error: `There is no user or role ${id}.` }, 404);
    const input = Policy.nullable().safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    access.change((state) => {
      if (input.data === null) delete state.policies[arn];
      else state.policies[arn] = input.data;
    });
    return c.json({ arn });
  });

  app.post('/accounts/aws/:accountId/roles', async (c) => {
    const accountId = c.req.param('accountId');
    if (!accountIds.has(accountId)) return c.json({ error: `There is no account ${accountId}.` }, 404);
    const input = NewRole.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    const { name, trust, policy } = input.data;
    const arn = roleArn(accountId, name);
    if (Object.hasOwn(access.read().roles, arn))
      return c.json({ error: `There is a role ${arn} already.` }, 409);
    access.change((state) => {
      state.roles[arn] = { accountId, name, id: newId('AROA'), trust };
      if (policy !== null) state.policies[arn] = policy;
    });
    return c.json({ arn }, 201);
  });

  /** By name, such as `{"vpcs": 3}`; what is not named has its default again. */
  app.put('/accounts/aws/:accountId/quotas', async (c) => {
    const accountId = c.req.param('accountId');
    if (!accountIds.has(accountId)) return c.json({ error: `There is no account ${accountId}.` }, 404);
    const input = Quotas.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    openQuotas(lab.store).change((state) => {
      state[`aws/${accountId}`] = input.data as Record<string, number>;
    });
    return c.json(input.data);
  });
}
