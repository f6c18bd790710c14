/** Who changed a resource last, from CloudTrail's event history, which every account has and keeps for 90 days. */
import { CloudTrailClient, paginateLookupEvents } from '@aws-sdk/client-cloudtrail';
import type { CallContext, Cloud } from '../provider.ts';
import { askAll } from './ask.ts';
import { clientConfig } from './client-config.ts';
import type { AwsAccount } from './request-settings.ts';

type LastChange = Awaited<ReturnType<Cloud['lastChange']>>;

/** CloudTrail writes some minutes late: null may mean not yet. */
export function lastChange(
  account: AwsAccount,
): (at: { externalId: string }, since: Date, context: CallContext) => Promise<LastChange> {
  const trail = new CloudTrailClient(clientConfig(account));
  return async ({ externalId }, since, context) => {
    const LookupAttributes = [{ AttributeKey: 'ResourceName' as const, AttributeValue: externalId }];
    const events = await askAll(
      'asking CloudTrail who changed it',
      context,
      (o) => paginateLookupEvents({ client: trail }, { LookupAttributes, StartTime: since }, o),
      (page) => page.Events,
    );
    // What only reads says nothing, and a request that was refused changed nothing.
    const [last] = events
      .map((one) => ({ ...one, record: recordOf(one.CloudTrailEvent) }))
      .filter((one) => one.EventTime && one.ReadOnly !== 'true' && !one.record.errorCode)
      .sort((a, b) => (b.EventTime?.getTime() ?? 0) - (a.EventTime?.getTime() ?? 0));
    if (!last?.EventTime) return null;
    const who = last.record.userIdentity?.arn ?? last.Username ?? 'somebody whom CloudTrail does not name';
    return { who, action: last.EventName ?? 'changed it', at: last.EventTime };
  };
}

interface TrailRecord {
  errorCode?: string;
  userIdentity?: { arn?: string };
}

/** The whole event is a text of its own; one that cannot be read says no more than the fields beside it. */
function recordOf(text: string | undefined): TrailRecord {
  try {
    return JSON.parse(text ?? '{}') as TrailRecord;
  } catch {
    return {};
  }
}
