/** `Microsoft.Insights/eventtypes/management/values`: the activity log, newest first, filtered as Azure asks for it. */
import { API_VERSIONS } from '../catalog.ts';
import { type Endpoint, endpoint } from '../pipeline.ts';
import type { ActivityEvent } from '../state.ts';
import { ArmError } from '../wire/error.ts';
import { page } from '../wire/page.ts';

const COMPARISON =
  /^(eventTimestamp|resourceUri|resourceGroupName|resourceId|caller)\s+(eq|ge|le)\s+'([^']*)'$/i;
/** So many events a page. */
const PAGE = 20;

export const activityLog: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    pattern: [
      'subscriptions',
      ':subscription',
      'providers',
      'Microsoft.Insights',
      'eventtypes',
      'management',
      'values',
    ],
    action: 'Microsoft.Insights/eventtypes/values/Read',
    apiVersions: API_VERSIONS.insights,
    changes: false,
    handle(call) {
      const fits = filterOf(call.query.get('$filter'));
      const found = call.subscription.events.filter(fits);
      const newestFirst = (event: ActivityEvent) =>
        String(1e15 - Date.parse(event.at)).padStart(16, '0') + event.id;
      const { value, nextLink } = page(found, newestFirst, call.url, PAGE);
      return {
        status: 200,
        body: {
          value: value.map((each) => show(call.account, each)),
          ...(nextLink ? { nextLink } : {}),
        },
      };
    },
  }),
];

/** @throws ArmError 400: Azure wants to know from when at least */
function filterOf(text: string | null): (event: ActivityEvent) => boolean {
  const bad = (why: string) => new ArmError(400, 'BadRequest', `The $filter is not valid: ${why}`);
  if (!text) throw bad('it is missing.');
  const checks = text.split(/\s+and\s+/i).map((part) => {
    const [, field = '', operator = '', value = ''] = COMPARISON.exec(part.trim()) ?? [];
    switch (field.toLowerCase()) {
      case 'eventtimestamp': {
        const at = Date.parse(value);
        if (Number.isNaN(at)) throw bad(`'${value}' is no time.`);
        return (event: ActivityEvent) =>
          operator === 'ge' ? Date.parse(event.at) >= at : Date.parse(event.at) <= at;
      }
      case 'resourceuri':
      case 'resourceid':
        return (event: ActivityEvent) => event.resourceId.toLowerCase() === value.toLowerCase();
      case 'resourcegroupname':
        return (event: ActivityEvent) => event.group?.toLowerCase() === value.toLowerCase();
      case 'caller':
        return (event: ActivityEvent) => event.caller === value;
      default:
        throw bad(`'${part}' is no comparison.`);
    }
  });
  if (!/eventTimestamp\s+ge/i.test(text)) throw bad('eventTimestamp ge is missing.');
  return (event) => checks.every((check) => check(event));
}

const show = (account: { tenantId: string; subscriptionId: string }, it: ActivityEvent) => ({
  id: `${it.resourceId}/events/${it.id}/ticks/${Date.parse(it.at)}`,
  eventDataId: it.id,
  correlationId: it.id,
  operationId: it.id,
  eventTimestamp: it.at,
  submissionTimestamp: it.at,
  caller: it.caller,
  claims: { appid: it.clientId, 'http://schemas.microsoft.com/identity/claims/objectidentifier': it.caller },
  authorization: { action: it.action, scope: it.resourceId },
  operationName: { value: it.action, localizedValue: it.action },
  category: { value: 'Administrative', localizedValue: 'Administrative' },
  eventName: { value: 'EndRequest', localizedValue: 'End request' },
  status: { value: it.status, localizedValue: it.status },
  subStatus: { value: String(it.httpStatus), localizedValue: String(it.httpStatus) },
  resourceId: it.resourceId,
  resourceGroupName: it.group,
  resourceProviderName: { value: it.action.split('/')[0], localizedValue: it.action.split('/')[0] },
  level: 'Informational',
  subscriptionId: account.subscriptionId,
  tenantId: account.tenantId,
});
