/** The service itself: whether it is well, who the caller is, which clouds it knows. */
import { REGISTRY } from '@skein/clouds/registry.ts';
import { AccountProvider, NameServerId } from '@skein/contract/primitive.ts';
import { Me } from '@skein/contract/rest/account.ts';
import { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { grantForProvider } from '@skein/control/account/grant.ts';
import { Refusal } from '@skein/control/failure.ts';
import { whoAmI } from '@skein/control/organization/who-am-i.ts';
import { dnsService, NAME_SERVER_FIELDS } from '@skein/dns/registry.ts';
import { z } from 'zod';
import type { ApiDependencies, ApiHono } from '../../dependencies.ts';
import { Flag, GrantDocuments, GrantQuery } from '../cloud-account/grant.ts';
import { serve, wholePage } from '../endpoint.ts';

const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health', example: { status: 'ok' } });
const Providers = z.object({ items: z.array(ProviderInfo.meta({ id: 'Provider' })), next: z.null() });
const ProviderParams = z.object({ id: AccountProvider });
const MeDocument = Me.meta({
  id: 'Me',
  example: {
    user: { id: 'usr_0123456789abcdefghjk', name: 'Ada', email: 'ada@example.com' },
    organization: { id: 'org_0123456789abcdefghjk', name: 'Example' },
  },
});

export function serveOpenService(app: ApiHono, { database }: Pick<ApiDependencies, 'database'>): void {
  serve(app, {
    method: 'get',
    path: '/healthz',
    tag: 'Service',
    summary: 'Whether the API and its database answer',
    open: true,
    answer: Health,
    handle: async () => {
      await database.$queryRaw`SELECT 1`.catch(() => {
        throw new Refusal('unavailable', 'The database does not answer.');
      });
      return { status: 'ok' as const };
    },
  });
}

export function serveService(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/me',
    tag: 'Service',
    summary: 'Who the caller is',
    answer: MeDocument,
    handle: (context) => whoAmI(context),
  });
  serve(app, {
    method: 'get',
    path: '/providers',
    tag: 'Service',
    summary: 'The clouds that Skein knows, their regions and what their credentials are',
    answer: Providers,
    handle: async () =>
      wholePage([
        ...Object.values(REGISTRY).map(
          ({ provider, ways }): ProviderInfo => ({
            id: provider.id,
            title: provider.title,
            clusters: true,
            regions: [...provider.regions],
            defaultInstanceType: provider.defaultInstanceType,
            ways: ways.map(({ id, title, keyless, fields }) => ({ id, title, keyless, fields })),
          }),
        ),
        ...NameServerId.options.map(
          (id): ProviderInfo => ({
            id,
            title: dnsService(id).title,
            clusters: false,
            regions: [],
            defaultInstanceType: null,
            ways: [{ id: 'key', title: 'Key', keyless: false, fields: [...NAME_SERVER_FIELDS[id]] }],
          }),
        ),
      ]),
  });
  serve(app, {
    method: 'get',
    path: '/providers/{id}/grant',
    tag: 'Cloud accounts',
    summary: 'What to paste into a cloud so that Skein may do what it does there, and nothing more',
    description:
      'For an account that is still to be added. With `keyless`, the documents let the cloud trust Skein itself.',
    params: ProviderParams,
    query: GrantQuery.extend({
      nodeIdentity: Flag.describe('Nodes are to have an identity of their own in the cloud'),
      endpoint: z.url().optional().describe('Where AWS is, if not at its own address'),
    }),
    answer: GrantDocuments,
    handle: async (context, { params, query }) =>
      wholePage(
        await grantForProvider(context, {
          provider: params.id,
          keyless: query.keyless ?? false,
          nodeIdentity: query.nodeIdentity ?? false,
          endpoint: query.endpoint ?? null,
        }),
      ),
  });
}
