import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { OPEN_STATES } from '../operation/open.ts';
import { atMost, checkNetwork } from './check.ts';
import { checkAccount } from './check-account.ts';
import { healByPolicy } from './heal.ts';

/** Networks looked at side by side by one worker. */
const AT_ONCE = 3;
const LIMIT_SECONDS = 180;
/** Accounts are asked for orphans less often: that is many lists, and nothing depends on it. */
const ORPHANS_EVERY_INTERVALS = 12;

/** What one worker remembers of its own looks, so that a cloud that does not answer is not asked without a pause. */
export interface Looks {
  networks: Map<string, number>;
  accounts: Map<string, number>;
}

/**
 * Looks at networks whose time has come and at those that were just mended, and at accounts for orphans; mends where
 * a network's policy says so. Times are spread by chance: a network's next look comes after 80 to 100 % of the interval.
 * @param onProblem hears of what is ours to mend; the others go on
 */
export async function sweepDrift(
  base: Omit<Context, 'actor'>,
  input: {
    everySeconds: number;
    looks: Looks;
    signal: AbortSignal;
    onProblem: (id: string, error: unknown) => void;
  },
): Promise<void> {
  const { everySeconds, looks, signal, onProblem } = input;
  const guarded = async (id: string, work: () => Promise<unknown>) => {
    if (signal.aborted) return;
    try {
      await work();
    } catch (error) {
      if (!signal.aborted && !(error instanceof Refusal)) onProblem(id, error);
    }
  };
  const contextFor = (organizationId: string): Context => ({
    ...base,
    actor: { kind: 'system', id: 'drift', organizationId },
  });

  const due = await dueNetworks(base, everySeconds);
  const now = base.now().getTime();
  const turn = due.filter(({ id, mendedAt }) => {
    const last = looks.networks.get(id);
    if (last === undefined) return true;
    return (mendedAt?.getTime() ?? 0) > last || now - last > (everySeconds / 2) * 1000;
  });
  await atMost(AT_ONCE, turn, ({ id, organizationId }) =>
    guarded(id, async () => {
      looks.networks.set(id, base.now().getTime());
      const context = contextFor(organizationId);
      const checked = await checkNetwork(context, { id, limitSeconds: LIMIT_SECONDS, signal });
      if (checked) await healByPolicy(context, { id });
    }),
  );

  const accounts = await base.database.cloudAccount.findMany({ select: { id: true, organizationId: true } });
  const pause = everySeconds * ORPHANS_EVERY_INTERVALS * 1000;
  // A worker that has just started does not ask all accounts at once, nor those that it asked before it ended.
  for (const { id } of accounts)
    if (!looks.accounts.has(id)) looks.accounts.set(id, now - Math.random() * pause);
  const stale = accounts.filter(({ id }) => now - (looks.accounts.get(id) ?? 0) > pause);
  await atMost(1, stale, ({ id, organizationId }) =>
    guarded(id, async () => {
      looks.accounts.set(id, base.now().getTime());
      const context = contextFor(organizationId);
      await checkAccount(context, { id, everywhere: false, limitSeconds: LIMIT_SECONDS, signal });
    }),
  );
}

interface Due {
  id: string;
  organizationId: string;
  /** When the last operation for a finding that is still called `healing` ended. */
  mendedAt: Date | null;
}

async function dueNetworks(base: Omit<Context, 'actor'>, everySeconds: number): Promise<Due[]> {
  return base.database.$queryRaw<Due[]>`
    SELECT * FROM (
      SELECT n.id, n."organizationId", coalesce(n."driftCheckedAt", n."createdAt") AS since,
        (SELECT max(o."finishedAt") FROM drift_finding f JOIN operation o ON o.id = f."operationId"
          WHERE f."networkId" = n.id AND f.state = 'healing' AND f.what <> 'orphan') AS "mendedAt"
      FROM network n
      WHERE n."deletedAt" IS NULL AND n.state IN ('ready', 'degraded')
        AND EXISTS (SELECT 1 FROM cloud_resource r WHERE r."networkId" = n.id AND r.status = 'present')
        AND NOT EXISTS (SELECT 1 FROM operation o WHERE o."networkId" = n.id
          AND o.state::text = ANY(${[...OPEN_STATES]}))
    ) one
    WHERE "mendedAt" IS NOT NULL OR since < now() - make_interval(secs => ${everySeconds}::float8
      * (0.8 + 0.2 * ('x' || substr(md5(id || since::text), 1, 4))::bit(16)::int / 65536.0))
    ORDER BY since LIMIT 100`;
}
