/** The service itself: whether it is well, who the caller is, which clouds it knows. */
import { REGISTRY } from '@skein/clouds/registry.ts';
import { Me } from '@skein/contract/rest/account.ts';
import { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { Refusal } from '@skein/control/failure.ts';
import { whoAmI } from '@skein/control/organization/who-am-i.ts';
import { z } from 'zod';
import type { ApiDependencies, ApiHono } from '../../dependencies.ts';
import { serve, wholePage } from '../endpoint.ts';

const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health', example: { status: 'ok' } });
const Providers = z.object({ items: z.array(ProviderInfo.meta({ id: 'Provider' })), next: z.null() });
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
      wholePage(
        Object.values(REGISTRY).map(({ provider, fields }) => ({
          id: provider.id,
          title: provider.title,
          regions: [...provider.regions],
          defaultInstanceType: provider.defaultInstanceType,
          credentials: [...fields],
        })),
      ),
  });
}
