/** Who changed a resource last, from the activity log, which every subscription has and keeps for 90 days. */
import type { EventData } from '@azure/arm-monitor';
import type { CallContext, Cloud } from '../provider.ts';
import type { Connection } from './connection.ts';
import { parseId } from './names.ts';

type LastChange = Awaited<ReturnType<Cloud['lastChange']>>;

/** The log is written some minutes late: null may mean not yet. */
export async function lastChange(
  connection: Connection,
  { externalId }: { externalId: string },
  since: Date,
  context: CallContext,
): Promise<LastChange> {
  const at = parseId(externalId);
  if (!at) return null;
  // By group, not by resource: a rule within a firewall group is written down under its own id.
  const filter = `eventTimestamp ge '${since.toISOString()}' and resourceGroupName eq '${at.group}'`;
  const events = await connection.askAll('monitor', 'asking who changed it', context, (on, o) =>
    on.activityLogs.list(filter, o),
  );
  return latestOf(events, externalId, since);
}

/** The last change to the resource or to something in it that Azure carried out. Pure. */
export function latestOf(events: readonly EventData[], externalId: string, since: Date): LastChange {
  const id = externalId.toLowerCase();
  const [last] = events
    .flatMap((one) => {
      const on = one.resourceId?.toLowerCase() ?? '';
      const action = one.operationName?.value ?? '';
      const about = on === id || on.startsWith(`${id}/`);
      const done = /^(Succeeded|Accepted|Started)$/i.test(one.status?.value ?? '');
      const at = one.eventTimestamp ? new Date(one.eventTimestamp) : undefined;
      return about && done && at && at > since && /\/(write|delete|action)$/i.test(action)
        ? [{ who: one.caller ?? 'somebody whom the activity log does not name', action, at }]
        : [];
    })
    .sort((a, b) => b.at.getTime() - a.at.getTime());
  return last ?? null;
}
