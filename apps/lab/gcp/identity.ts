/** Who calls, and what they may do: the OAuth endpoints and Resource Manager's `testIamPermissions`. */
import type { Hono } from 'hono';
import type { Lab } from '../store/lab.ts';
import type { Section } from '../store/store.ts';
import { type GcpAccess, serviceAccountsOf } from './access/state.ts';
import { grant, identify } from './wire/auth.ts';
import { GoogleError } from './wire/errors.ts';
import { type Method, method } from './wire/method.ts';

/** Serves `POST /token`, `/tokeninfo` and `/userinfo`, which are no Google API methods but plain OAuth. */
export function serveOauth(app: Hono, lab: Lab, access: Section<GcpAccess>): void {
  const accounts = () => serviceAccountsOf(lab, access.read());
  const record = (action: string, status: number, account: string | null, error: string | null) =>
    lab.requests.record({
      cloud: 'gcp',
      service: 'oauth2',
      action,
      region: 'global',
      account,
      status,
      error,
      mutating: false,
    });

  app.post('/token', async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const result = grant(form, accounts(), `${lab.urls.gcp}/token`, lab.now());
    if (!result.ok) {
      record('token', 400, null, result.error);
      return context.json({ error: result.error, error_description: result.description }, 400);
    }
    record('token', 200, result.projectId, null);
    return context.json({
      access_token: result.token,
      expires_in: result.expiresInSeconds,
      token_type: 'Bearer',
    });
  });

  const bearer = (header: string | undefined) => /^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? '';
  for (const path of ['/tokeninfo', '/oauth2/v1/tokeninfo', '/oauth2/v3/tokeninfo'])
    app.on(['GET', 'POST'], path, async (context) => {
      const url = new URL(context.req.url);
      const form =
        context.req.method === 'POST' ? new URLSearchParams(await context.req.text()) : new URLSearchParams();
      const token =
        url.searchParams.get('access_token') ??
        form.get('access_token') ??
        bearer(context.req.header('authorization'));
      const identity = identify(token, accounts(), lab.now());
      record(
        'tokeninfo',
        identity ? 200 : 400,
        identity?.account.projectId ?? null,
        identity ? null : 'invalid_token',
      );
      if (!identity) return context.json({ error: 'invalid_token', error_description: 'Invalid Value' }, 400);
      const { account, scopes, expiresAt } = identity;
      return context.json({
        azp: account.clientId,
        aud: account.clientId,
        scope: (scopes ?? []).join(' '),
        exp: String(expiresAt),
        expires_in: String(expiresAt - Math.floor(lab.now().getTime() / 1000)),
        email: account.clientEmail,
        email_verified: 'true',
        access_type: 'online',
      });
    });
  for (const path of ['/oauth2/v1/userinfo', '/oauth2/v2/userinfo', '/oauth2/v3/userinfo', '/v1/userinfo'])
    app.get(path, (context) => {
      const identity = identify(bearer(context.req.header('authorization')), accounts(), lab.now());
      record(
        'userinfo',
        identity ? 200 : 401,
        identity?.account.projectId ?? null,
        identity ? null : 'invalid_request',
      );
      if (!identity)
        return context.json({ error: 'invalid_request', error_description: 'Invalid Credentials' }, 401);
      const { clientId, clientEmail } = identity.account;
      return context.json({
        id: clientId,
        sub: clientId,
        email: clientEmail,
        verified_email: true,
        email_verified: true,
      });
    });
}

/** When the lab's projects were made. */
const CREATED = '2020-01-01T00:00:00.000Z';

/** Permissions that belong to no method of the lab by themselves and that clients ask about. */
const MORE = [
  'compute.addresses.use',
  'compute.disks.create',
  'compute.images.useReadOnly',
  'compute.instances.setLabels',
  'compute.instances.setMetadata',
  'compute.instances.setServiceAccount',
  'compute.instances.setTags',
  'compute.instances.use',
  'compute.networks.update',
  'compute.networks.updatePolicy',
  'compute.networks.use',
  'compute.networks.useExternalIp',
  'compute.subnetworks.use',
  'compute.subnetworks.useExternalIp',
  'dns.networks.bindPrivateDNSZone',
  'iam.serviceAccounts.actAs',
];

/**
 * @param known permissions of the lab's own methods. One that does not exist is refused, as at Google.
 */
export const resourceManager = (known: ReadonlySet<string>): readonly Method[] => [
  ...(['v1', 'v3'] as const).flatMap((version) => [
    method({
      id: 'cloudresourcemanager.projects.testIamPermissions',
      http: 'POST',
      path: `/${version}/projects/:target{[^/:]+:testIamPermissions}`,
      permission: 'resourcemanager.projects.get',
      // Who may do nothing may still ask what he may do.
      free: true,
      body: { permissions: ['string'] },
      root: 'test_iam_permissions_request',
      changes: false,
      handle(call) {
        const asked = call.body.permissions ?? [];
        for (const each of asked)
          if (!known.has(each) && !MORE.includes(each))
            throw new GoogleError(400, 'badRequest', `Permission ${each} is not valid for this resource.`, {
              front: true,
            });
        const held = asked.filter((each) => call.allowed(each));
        return held.length > 0 ? { permissions: held } : {};
      },
    }),
    method({
      id: 'cloudresourcemanager.projects.get',
      http: 'GET',
      path: `/${version}/projects/:project`,
      permission: 'resourcemanager.projects.get',
      changes: false,
      handle: (call) =>
        version === 'v1'
          ? {
              projectNumber: call.projectNumber,
              projectId: call.projectId,
              lifecycleState: 'ACTIVE',
              name: call.projectId,
              createTime: CREATED,
            }
          : {
              name: `projects/${call.projectNumber}`,
              projectId: call.projectId,
              state: 'ACTIVE',
              displayName: call.projectId,
              createTime: CREATED,
            },
    }),
  ]),
];
