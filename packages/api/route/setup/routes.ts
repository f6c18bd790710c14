/** The first run: a one-time link makes the first user and organization, and signs in. */
import { createRoute } from '@hono/zod-openapi';
import { Setup } from '@skein/contract/rest/account.ts';
import { redeemSetupLink } from '@skein/control/setup/redeem-link.ts';
import { hashPassword } from 'better-auth/crypto';
import { z } from 'zod';
import { requireOwnOrigin, trustedOrigins } from '../../auth/origin.ts';
import type { ApiHono, OpenContext } from '../../dependencies.ts';
import { refusals } from '../endpoint.ts';

const SetupDocument = Setup.meta({
  id: 'Setup',
  example: {
    link: 'sks_…',
    organization: 'Example',
    name: 'Ada',
    email: 'ada@example.com',
    password: 'a long sentence of your own',
  },
});
const Made = z.object({ organizationId: z.string(), userId: z.string() }).meta({ id: 'SetupDone' });

const route = createRoute({
  method: 'post',
  path: '/setup',
  tags: ['Service'],
  summary: 'Make the first user and organization with the one-time set-up link',
  description:
    'Answers with a session cookie. Programs then make themselves a token with `POST /api-tokens`.',
  operationId: 'post-setup',
  security: [],
  request: { body: { required: true, content: { 'application/json': { schema: SetupDocument } } } },
  responses: {
    201: { description: 'Made, and signed in', content: { 'application/json': { schema: Made } } },
    409: refusals(true, false, false).default,
    ...refusals(true, false, true),
  },
});

export function serveSetup(app: ApiHono, { dependencies, auth }: OpenContext): void {
  app.openapi(route, async (c) => {
    // A program sends no Origin and holds no cookie; a browser always sends one.
    if (c.req.header('origin') !== undefined)
      requireOwnOrigin(c.req.raw, trustedOrigins(dependencies.publicUrl));
    const { password, ...given } = c.req.valid('json');
    const made = await redeemSetupLink(dependencies, {
      ...given,
      passwordHash: await hashPassword(password),
    });
    const signedIn = await auth.api.signInEmail({
      body: { email: given.email.toLowerCase(), password },
      headers: c.req.raw.headers,
      asResponse: true,
    });
    for (const cookie of signedIn.headers.getSetCookie()) c.header('set-cookie', cookie, { append: true });
    return c.json(made, 201);
  });
}
